"""A headless Firefox, spoken to over Marionette: its own protocol, of JSON over a socket.

Playwright drives only a Firefox that it has patched, and Selenium needs a program that is in no
package registry; Debian's Firefox brings all that is needed here.
"""

import base64
import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.web.browsing import until

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
needs_firefox = pytest.mark.skipif(
    FIREFOX is None, reason="there is no Firefox here; `make test` installs one where it can"
)
SETTINGS = {
    "marionette.port": 0,  # any that is free
    "media.autoplay.default": 0,  # as if the person had allowed it
    "media.volume_scale": "0.0",
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.disabledForTesting": True,
}
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowRight": "\ue014"}
ERRORS = """
return Services.console.getMessageArray()
    .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & one.warningFlag))
    .filter((one) => one.sourceName.startsWith(arguments[0]))
    .map((one) => `${one.errorMessage} (${one.sourceName}:${one.lineNumber})`);
"""


class Refused(Exception):
    """Firefox could not do what it was told."""


class Firefox:
    """One window of a fresh profile."""

    def __init__(self, profile: Path, **settings):
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in (SETTINGS | settings).items()
        ]
        (profile / "user.js").write_text("".join(lines))
        # The page's scripts are run without it; it is for reading what the console says.
        command = [FIREFOX, "--headless", "--marionette", "--remote-allow-system-access"]
        self._process = subprocess.Popen(
            [*command, "--no-remote", "--profile", str(profile), "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        said = profile / "MarionetteActivePort"
        port = until(lambda: said.exists() and said.read_text(), 60)
        assert port, "Firefox does not start"
        self._socket = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._read()  # its greeting
        self._number = 0
        self.tell("NewSession")

    def close(self):
        """End it, whatever it is at."""
        self._stream.close()
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tell(self, command, **given):
        """Send a command and return what it answers."""
        self._number += 1
        name = command if ":" in command else f"WebDriver:{command}"
        message = json.dumps([0, self._number, name, given]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, answer = self._read()
        if error:
            raise Refused(f"{error['error']}: {error['message']}")
        return answer.get("value") if isinstance(answer, dict) else answer

    def _read(self):
        size = b""
        while (digit := self._stream.read(1)) != b":":
            assert digit, "Firefox has gone"
            size += digit
        return json.loads(self._stream.read(int(size)))

    def run(self, script, *given):
        """Run the body of a function in the page; a promise is waited for."""
        return self.tell("ExecuteScript", script=script, args=list(given))

    def wait_for(self, expression):
        """Wait until an expression of the page is true, and return it."""
        found = until(lambda: self.run(f"return {expression}"), 15)
        assert found, f"never: {expression}"
        return found

    def press(self, *keys):
        """Press keys one after another."""
        actions = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        self.tell("PerformActions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def errors(self, address):
        """Return what the console says went wrong in scripts from an address."""
        self.tell("Marionette:SetContext", value="chrome")
        try:
            return self.run(ERRORS, address)
        finally:
            self.tell("Marionette:SetContext", value="content")

    def screenshot(self, path):
        """Write what is in sight as PNG."""
        picture = self.tell("TakeScreenshot", full=False)
        Path(path).write_bytes(base64.b64decode(picture))
