// The page's API calls. A request needs the cookie, which scripts cannot read, and the token stored for this origin.

const TOKEN = "azml-studio-token";

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

// The response to a successful call; its body is still to be read.
export async function opened(method, name, { query = {}, body, type = "application/json", signal } = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
  const headers = { "X-Azml-Studio": localStorage.getItem(TOKEN) ?? "" };
  if (body !== undefined) headers["Content-Type"] = type;
  const answer = await fetch(`/studio/api/${name}?${search}`, { method, headers, body, signal });
  if (answer.ok) return answer;
  const refusal = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, refusal.error?.code ?? "", refusal.error?.message ?? `HTTP ${answer.status}`);
}

export async function call(method, name, asked) {
  const answer = await opened(method, name, asked);
  return answer.headers.get("content-type")?.includes("json") ? answer.json() : null;
}

export const wasHere = () => localStorage.getItem(TOKEN) !== null;

export async function signIn(code) {
  const { token } = await call("POST", "session", { body: JSON.stringify({ code }) });
  localStorage.setItem(TOKEN, token);
}

export async function signOut() {
  await call("DELETE", "session");
  localStorage.removeItem(TOKEN);
}
