"""The errors that Rushes raises on purpose.

```
RushesError
+ RecipeError (ValueError)         you: a key, a value or an argument is wrong
+ ProjectError                     you: no project here, a newer schema, another run at work
+ MissingDependency (ImportError)  you: an extra is not installed; the message has the pip line
+ MissingModel                     you: weights are not here yet; the message has the command
+ ContractError                    us:  a stage broke its own declaration; the run stops
+ ItemError                        nobody: one item failed; recorded in `failures`, the run goes on
  + MediaError (OSError)           a file that cannot be read, decoded or written
    + SourceChanged                a source file with other bytes than those that were ingested
  + WorkerLost                     the worker process died or exceeded the time limit
```

Every message names the item, the problem and the next step. All errors can be pickled, so that they
come back from another process or machine.
"""

import difflib


class RushesError(Exception):
    """Base of all errors that Rushes raises on purpose."""


class RecipeError(RushesError, ValueError):
    """A key, a value or an argument that a person wrote is wrong."""


class ProjectError(RushesError):
    """The folder is not a project, is newer than this program, or is in use."""


class MissingDependency(RushesError, ImportError):
    """A stage needs an optional package that is not installed."""


class MissingModel(RushesError):
    """A stage needs weights that are not on this machine yet."""


class ContractError(RushesError):
    """A stage broke its declaration: a bug in the stage."""


class ItemError(RushesError):
    """One item failed; the others go on."""


class MediaError(ItemError, OSError):
    """A media file cannot be read, decoded or written."""


class SourceChanged(MediaError):
    """A source file holds other bytes than those that were ingested."""


class WorkerLost(ItemError):
    """The worker process died or exceeded the time limit on this item."""


def nearest(word: str, known: list[str]) -> str:
    """Return " (did you mean 'x'?)" for the known word nearest to `word`, or ""."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
