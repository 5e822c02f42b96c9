// Talks to the server. Every refusal becomes an Error with the server's own words.

export const me = () => localStorage.getItem("who") || "me";

export class Refusal extends Error {
  /**
   * @param {string} words
   * @param {number} status
   */
  constructor(words, status) {
    super(words);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        "x-rushes-who": encodeURIComponent(me()),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("the server does not answer; is `rushes review` still running?");
  }
  if (!answer.ok) throw new Refusal((await answer.text()) || answer.statusText, answer.status);
  return answer.json();
}

/** @param {string} path */
export const get = (path) => ask("GET", path);

/**
 * @param {string} path
 * @param {object} body
 */
export const post = (path, body = {}) => ask("POST", path, body);

/** @param {string} path */
export const remove = (path) => ask("DELETE", path);

/**
 * @param {string} clip
 * @param {number} which
 * @param {number} height
 */
export const stillUrl = (clip, which, height) => `/still/${clip}/${which}.jpg?h=${height}`;

const AGAIN_MS = 1000;

/** @param {(news: any, trouble: string) => any} onChange */
export function follow(onChange) {
  // The browser opens a broken stream again by itself, but gives up one that is refused: a server
  // that was restarted knows another token, until its link is opened in this browser.
  const events = new EventSource("/api/events");
  events.onmessage = (event) => onChange(JSON.parse(event.data), "");
  events.onerror = () => {
    const isRefused = events.readyState === EventSource.CLOSED;
    onChange(
      null,
      isRefused
        ? "The server was restarted: open the link that it printed. Your typed text is kept."
        : "The server does not answer. Is `rushes review` still running? Your typed text is kept.",
    );
    if (isRefused) setTimeout(() => follow(onChange), AGAIN_MS);
  };
}
