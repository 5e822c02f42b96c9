// The server's answers as types: for the checker and for readers; nothing runs here.

/**
 * A column of the catalog, as rules and filters name it.
 * @typedef {object} Column
 * @property {string} name raw name, as rules write it
 * @property {string} [label] name as a person reads it
 * @property {string} unit empty for a plain ratio or count
 * @property {string} about one line of explanation
 * @property {boolean} is_number
 * @property {boolean} has_many whether a clip can have several values, such as tags
 * @property {boolean | null} higher_is_better null where neither end is better as such
 */

/**
 * A clip as a card shows it.
 * @typedef {object} Row
 * @property {string} clip id
 * @property {string} video path of the source
 * @property {number} in_s
 * @property {number} out_s
 * @property {number} duration_s
 * @property {number} stills count
 * @property {"keep" | "drop" | null} verdict
 * @property {number | null} stars
 * @property {string | null} reason
 * @property {string | null} caption
 * @property {boolean} is_measured
 * @property {any} [shown] value of the column that the grid is sorted by
 */

/**
 * A clip as the clip view shows it: a row, its frames, and all that is known.
 * @typedef {Row & ClipDetail} Clip
 * @typedef {object} ClipDetail
 * @property {number} in_pts
 * @property {number} out_pts
 * @property {number} frames
 * @property {number} frames_damaged
 * @property {number[]} frame_times_s of the clip and of the source on either side
 * @property {number[]} frame_pts
 * @property {number} frame_in place of the clip's first frame in those lists
 * @property {number} frame_out place after its last one
 * @property {number[]} peaks places of likely cuts
 * @property {number} end_pts
 * @property {number} end_s
 * @property {string} video_id
 * @property {number} width_px
 * @property {number} height_px
 * @property {boolean} plays whether browsers play the source
 * @property {string[]} tags
 * @property {{source: string, text: string}[]} captions
 * @property {Object<string, any>} scores
 * @property {Object<string, [number, number]>} ranks fraction of clips below, and up to, its value
 * @property {string | null} before clip before it in its video
 * @property {string | null} after
 * @property {Step[]} history
 */

/**
 * @typedef {object} Step
 * @property {string} who
 * @property {string} at
 * @property {string} source
 * @property {string} kind
 * @property {any} value
 * @property {boolean} is_undone
 */

/**
 * An order of clips.
 * @typedef {object} Query
 * @property {string} query its name, by which rows are asked for
 * @property {number} count
 * @property {number} duration_s
 * @property {number} candidates
 * @property {[string, number][]} groups
 * @property {string} [asked] the question it answers
 */

/**
 * A rule as a hand changes it; see filters/rules.js.
 * @typedef {object} Filter
 * @property {number | null} [low]
 * @property {number | null} [high]
 * @property {string} [percent]
 * @property {Set<string>} [values]
 * @property {boolean} [isNot]
 * @property {string} [exact]
 */

/**
 * The job that runs, or that ran last.
 * @typedef {object} Job
 * @property {string} verb
 * @property {string} label
 * @property {number} done
 * @property {number} total
 * @property {string} unit
 * @property {number | null} eta_s
 * @property {boolean} is_running
 * @property {string} message
 */

/**
 * A view of the page: a tab, a place of its own, keys of its own.
 * @typedef {object} View
 * @property {string} name as `?view=` has it
 * @property {string} title as the tab has it
 * @property {Keymap} keys
 * @property {(root: HTMLElement) => any} mount shows it in `root`, which it alone fills
 * @property {() => any} unmount stops its timers and videos; `root` is hidden, and given again
 * @property {() => any} [follow] called when something has changed, by whomever
 * @property {() => number} [layers] how many of its layers lie over one another, such as a clip
 * @property {() => any} [closeTop] closes the upper one
 *
 * @typedef {object} Keymap
 * @property {() => [string, [string, string][]][]} listed groups of keys and words, for the list
 * @property {(key: string, event: KeyboardEvent) => (() => any) | undefined} find
 * @property {(key: string) => ((field: HTMLElement) => any) | undefined} [inField]
 * @property {(key: string) => any} [onUp]
 */

export {};
