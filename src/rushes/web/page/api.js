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

export function follow(onChange) {
  // The browser opens the stream again by itself when the server comes back.
  const events = new EventSource("/api/events");
  let isFirst = true;
  events.onmessage = (event) => {
    onChange(JSON.parse(event.data), isFirst);
    isFirst = false;
  };
  events.onerror = () => onChange(null, false);
}
