"""Push to, pull from and status of a Hydrus client: the façade of `Project.hydrus`."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from rushes import files
from rushes.context import Context
from rushes.decisions import tags_of
from rushes.errors import ProjectError, RecipeError
from rushes.exports.hydrus_names import CAPTION_NOTE, FACTS_NOTE, fact_tags, facts_note
from rushes.exports.plan import PlannedClip, plan_clips
from rushes.hydrus.client import Client
from rushes.hydrus.clip_files import FOLDER
from rushes.hydrus.merge import Local
from rushes.hydrus.pull import Pull, PullReport
from rushes.hydrus.push import Push, PushReport, count_changes, report
from rushes.hydrus.settings import Hydrus, access_key


@dataclass(frozen=True, slots=True, kw_only=True)
class HydrusStatus:
    """A client, and the counts of a push and of a pull now."""

    client: str
    url: str
    version: str
    api: int
    pushed: int
    """Files of this client in the ledger."""
    replaced: int
    """Files among them whose clips were trimmed, split, merged or cut anew since."""
    push: PushReport
    pull: PullReport


class HydrusSync:
    """Synchronization of a project with a Hydrus client."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalog, self._folder = context.catalog, context.folder
        self._settings: Hydrus = context.recipe.own("hydrus")

    def push(self, selection: str = "main") -> PushReport:
        """Import the clips of a selection into the client, with tags and notes.

        Args:
            selection: Its name; the newest revision counts.

        Raises:
            ProjectError: The client cannot be reached or refuses; finished work is kept.
            RecipeError: There is no such selection or service.
        """
        name, clips = self._selected(selection)
        with self._locked(), self._client() as client:
            planned = plan_clips(self._context, clips, "")
            work = Push(self._context, client, self._settings.name)
            counts = work.run(planned, self._local(client, planned))
        return report(self._settings.name, name, len(clips), counts)

    def pull(self) -> PullReport:
        """Store the decisions of people in the client on the clips that were pushed to it."""
        with self._locked(), self._client() as client:
            return self._pull(client, is_dry=False)

    def status(self, selection: str = "main") -> HydrusStatus:
        """Return the counts of a push and a pull, and change nothing on either side."""
        name, clips = self._selected(selection)
        with self._client() as client:
            planned = plan_clips(self._context, clips, "")
            local = self._local(client, planned)
            counts = count_changes(self._context, client, self._settings.name, planned, local)
            current = self._current_clips()
            held = self._pushed_clips()
            return HydrusStatus(
                client=self._settings.name,
                url=self._settings.url,
                version=str(client.version),
                api=client.api,
                pushed=len(held),
                replaced=sum(current.isdisjoint(clips) for clips in held.values()),
                push=report(self._settings.name, name, len(clips), counts),
                pull=self._pull(client, is_dry=True),
            )

    def _pull(self, client: Client, *, is_dry: bool) -> PullReport:
        clips_of = self._pushed_clips()
        first = [clips[0] for clips in clips_of.values()]
        local = self._local(client, plan_clips(self._context, first, ""))
        work = Pull(self._context, client, current=self._current_clips(), is_dry=is_dry)
        return work.run(local, clips_of)

    def _pushed_clips(self) -> dict[str, list[str]]:
        """Return sha256 → ids of the clips whose file it is, for all files that were pushed."""
        pushed = self._catalog.hydrus.bases(self._settings.name)
        found: dict[str, list[str]] = {}
        for clip, sha256 in self._catalog.hydrus.files().items():
            if sha256 in pushed:
                found.setdefault(sha256, []).append(clip)
        return found

    def _current_clips(self) -> set[str]:
        """Return the ids of the clips of the recipe's cuts."""
        return {row.clip.id for row in self._context.clips().values()}

    def _local(self, client: Client, planned: Sequence[PlannedClip]) -> dict[str, Local]:
        """Return clip id → its state in the project, with tags in the client's spelling."""
        project = self._settings.project or self._folder.name
        decided = self._catalog.verdicts.current()
        found = {}
        for clip in planned:
            decisions = decided.get(clip.clip.id)
            caption = clip.caption
            if decisions is not None and decisions.caption is not None:
                caption = decisions.caption
            marker, *facts = fact_tags(clip.metadata, project, self._settings.scores)
            tags = tags_of([], decisions) if decisions is not None else []
            spelled = client.clean_tags([marker, *facts, *tags])
            spellings: dict[str, list[str]] = {}
            for tag in tags:
                if tag in spelled:
                    spellings.setdefault(spelled[tag], []).append(tag)
            if marker not in spelled:
                raise RecipeError(
                    f"hydrus.project: {project!r} makes no valid tag; set another name"
                )
            found[clip.clip.id] = Local(
                clip=clip.clip.id,
                marker=spelled[marker],
                facts=tuple(spelled[tag] for tag in facts if tag in spelled),
                tags=spellings,
                notes={CAPTION_NOTE: caption, FACTS_NOTE: facts_note(clip.metadata)},
            )
        return found

    def _selected(self, name: str) -> tuple[str, tuple[str, ...]]:
        frozen = self._catalog.selections.newest(name)
        if frozen is None:
            raise RecipeError(
                f"there is no selection {name!r} yet; make it with: rushes select {name}"
            )
        return f"{name}@{frozen[0].revision}", frozen[0].clips

    @contextmanager
    def _client(self) -> Iterator[Client]:
        key = access_key(self._settings, self._folder)
        notify = self._context.runner.reporter.line
        with closing(Client(self._settings, key, notify)) as client:
            yield client

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock out other pushes and pulls; a scan may run."""
        folder = self._folder / FOLDER
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ProjectError(f"{folder}: {error.strerror or error}") from error
        with files.locked(folder):
            yield
