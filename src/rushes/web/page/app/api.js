// Talks to the server. Every refusal becomes an Error with the server's own words.

export const me = () => localStorage.getItem("who") || "me";

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
  if (!answer.ok) {
    const error = new Error((await answer.text()) || answer.statusText);
    error.status = answer.status;
    throw error;
  }
  return answer.json();
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

export const stillUrl = (clip, which, height) => `/still/${clip}/${which}.jpg?h=${height}`;

const AGAIN_MS = 1000;

export function follow(onChange) {
  // The browser opens a broken stream again by itself, but gives up one that is refused: a server
  // that was started anew knows another token, until its link is opened in this browser.
  const events = new EventSource("/api/events");
  events.onmessage = (event) => onChange(JSON.parse(event.data), "");
  events.onerror = async () => {
    const isRefused = events.readyState === EventSource.CLOSED;
    onChange(
      null,
      isRefused
        ? "The server was started anew: open the link that it printed. What you typed is kept."
        : "The server does not answer. Is `rushes review` still running? What you typed is kept.",
    );
    if (isRefused) setTimeout(() => follow(onChange), AGAIN_MS);
  };
}
