"""Push, pull and status: what `Project.hydrus` hands out."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from rushes import files
from rushes.context import Context
from rushes.decisions import tags_of
from rushes.errors import ProjectError, RecipeError
from rushes.exports.hydrus_names import CAPTION_NOTE, FACTS_NOTE, fact_tags, facts_note
from rushes.exports.plan import Planned, plan_clips
from rushes.hydrus.client import Client
from rushes.hydrus.clip_files import FOLDER
from rushes.hydrus.merge import Ours
from rushes.hydrus.pull import Pull, PullReport
from rushes.hydrus.push import Push, PushReport, preview, report
from rushes.hydrus.settings import Hydrus, access_key


@dataclass(frozen=True, slots=True, kw_only=True)
class HydrusStatus:
    """Which client this is, and what a push and a pull would do now."""

    client: str
    url: str
    version: str
    api: int
    pushed: int
    """Files that the ledger has for this client."""
    replaced: int
    """Those among them whose clips are no more: trimmed, divided or cut anew here since."""
    push: PushReport
    pull: PullReport


class HydrusDesk:
    """A project's way to and from a Hydrus client."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalog, self._folder = context.catalog, context.folder
        self._settings: Hydrus = context.recipe.own("hydrus")

    def push(self, selection: str = "main") -> PushReport:
        """Bring the clips of a selection to the client, with tags and notes.

        Args:
            selection: Its name; what was frozen last under it is meant.

        Raises:
            ProjectError: The client cannot be reached or refuses; what was done is kept.
        """
        name, clips = self._selected(selection)
        with self._alone(), self._client() as client:
            planned = plan_clips(self._context, clips, "")
            work = Push(self._context, client, self._settings.name)
            counts = work.run(planned, self._ours(client, planned))
        return report(self._settings.name, name, len(clips), counts)

    def pull(self) -> PullReport:
        """Take over what people did in the client to the clips that were pushed to it."""
        with self._alone(), self._client() as client:
            return self._read(client, is_dry=False)

    def status(self, selection: str = "main") -> HydrusStatus:
        """Say what a push and a pull would do, changing nothing on either side."""
        name, clips = self._selected(selection)
        with self._client() as client:
            planned = plan_clips(self._context, clips, "")
            counts = preview(
                self._catalog,
                client,
                self._settings.name,
                planned,
                self._ours(client, planned),
                self._context.runner.reporter,
            )
            current = self._current()
            held = self._clips_of()
            return HydrusStatus(
                client=self._settings.name,
                url=self._settings.url,
                version=str(client.version),
                api=client.api,
                pushed=len(held),
                replaced=sum(current.isdisjoint(clips) for clips in held.values()),
                push=report(self._settings.name, name, len(clips), counts),
                pull=self._read(client, is_dry=True),
            )

    def _read(self, client: Client, *, is_dry: bool) -> PullReport:
        clips_of = self._clips_of()
        first = [clips[0] for clips in clips_of.values()]
        ours = self._ours(client, plan_clips(self._context, first, ""))
        reporter = self._context.runner.reporter
        work = Pull(
            self._catalog,
            client,
            self._settings,
            reporter,
            current=self._current(),
            is_dry=is_dry,
        )
        return work.run(ours, clips_of)

    def _clips_of(self) -> dict[str, list[str]]:
        """Return sha256 → ids of the clips whose file it is, of all that was pushed."""
        pushed = self._catalog.hydrus.pushed(self._settings.name)
        found: dict[str, list[str]] = {}
        for clip, sha256 in self._catalog.hydrus.files().items():
            if sha256 in pushed:
                found.setdefault(sha256, []).append(clip)
        return found

    def _current(self) -> set[str]:
        """Return the ids of the clips that there are now."""
        return {row.clip.id for row in self._context.clips().values()}

    def _ours(self, client: Client, planned: Sequence[Planned]) -> dict[str, Ours]:
        """Return clip id → what our side says of it, spelled as the client does."""
        project = self._settings.project or self._folder.name
        decided = self._catalog.verdicts.current()
        found = {}
        for clip in planned:
            words = decided.get(clip.clip.id)
            caption = clip.caption
            if words is not None and words.caption is not None:
                caption = words.caption
            marker, *facts = fact_tags(clip.facts, project, self._settings.scores)
            tags = tags_of([], words) if words is not None else []
            spelled = client.as_kept([marker, *facts, *tags])
            kept: dict[str, list[str]] = {}
            for tag in tags:
                if tag in spelled:
                    kept.setdefault(spelled[tag], []).append(tag)
            if marker not in spelled:
                raise RecipeError(f"hydrus.project: {project!r} can be no tag; set another name")
            found[clip.clip.id] = Ours(
                clip=clip.clip.id,
                marker=spelled[marker],
                facts=tuple(spelled[tag] for tag in facts if tag in spelled),
                tags=kept,
                notes={CAPTION_NOTE: caption, FACTS_NOTE: facts_note(clip.facts)},
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
        tell = self._context.runner.reporter.line
        with closing(Client(self._settings, key, tell)) as client:
            yield client

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from pushing and pulling at the same time; a scan may go on."""
        folder = self._folder / FOLDER
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ProjectError(f"{folder}: {error.strerror or error}") from error
        with files.locked(folder):
            yield
