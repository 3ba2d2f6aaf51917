"use strict";

// The client as it comes: it adds /auth/v1 to the address and keeps the session in local storage.
const client = supabase.createClient(location.origin, "sb_publishable_demo");

let working = false;

/** What local storage holds: pairs of key and value. */
const storage = () => Object.entries(localStorage).sort();

const cut = (text) => (text.length > 24 ? `${text.slice(0, 5)}…${text.slice(-6)}` : text);

/** A line for each member of an object; of anything else its two ends. */
function shortened(value) {
  try {
    if (!value.startsWith("{")) return cut(value);
    const members = Object.entries(JSON.parse(value));
    return members.map(([key, each]) => `${key}: ${typeof each === "object" ? "{…}" : cut(String(each))}`).join("\n");
  } catch {
    return cut(value);
  }
}

function showStorage(id, pairs) {
  const items = pairs.flatMap(([key, value]) => [element("h3", key), element("pre", shortened(value))]);
  byId(id).replaceChildren(...(items.length ? items : [element("p", "empty")]));
}

function showSession(session) {
  byId("signed-out").hidden = Boolean(session);
  byId("signed-in").hidden = !session;
  byId("who").textContent = session?.user.email ?? "";
  if (!session) byId("devices").replaceChildren();
  showStorage("now", storage());
}

/** The devices, from the REST face: it accepts the same access token. */
async function listDevices(session) {
  const headers = { Authorization: `Bearer ${session.access_token}` };
  const response = await fetch("/api/auth/sessions/", { headers });
  const answer = await response.json();
  if (!response.ok) throw answer;
  showDevices(answer);
}

/** Shows what is true now. */
async function refresh() {
  const { data } = await client.auth.getSession();
  showSession(data.session);
  if (data.session) await listDevices(data.session);
}

/** Unwraps what the client answers: it returns its errors. */
async function done(promise) {
  const { data, error } = await promise;
  if (error) throw error;
  return data;
}

/** Does one thing, with the buttons disabled, and shows what came of it. */
async function act(name, work) {
  const before = storage();
  const pressed = document.activeElement;
  working = true;
  setDisabled(true);
  say("Working…", "");
  try {
    const result = await work();
    await refresh();
    say(result, "good");
  } catch (error) {
    await refresh().catch(() => {});
    const cleared = localStorage.length < before.length ? " (The client has cleared its storage.)" : "";
    say(explain(error) + cleared, "bad");
  }
  byId("action").textContent = name;
  showStorage("before", before);
  showStorage("now", storage());
  setDisabled(false);
  working = false;
  if (pressed.matches("button, input")) keepFocus(pressed);
}

// Also what happens by itself: a refresh, or a sign-out in another tab. The client waits for its listeners, so
// that one which calls the client does it later.
client.auth.onAuthStateChange((event, session) => {
  byId("events").prepend(element("li", `${new Date().toLocaleTimeString()} ${event}`));
  showSession(session);
  if (!working) setTimeout(() => refresh().catch((error) => say(explain(error), "bad")));
});

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const credentials = { email: byId("email").value, password: byId("password").value };
  act("Sign in", async () => {
    const { user } = await done(client.auth.signInWithPassword(credentials));
    return `Signed in as ${user.email}.`;
  });
});

byId("ask").addEventListener("click", () => act("Ask the server who I am", async () => {
  const { user } = await done(client.auth.getUser());
  return `The server says: you are ${user.email}.`;
}));

byId("look").addEventListener("click", () => act("Look again", async () => "These are your devices now."));

for (const button of document.querySelectorAll("[data-scope]")) {
  const scope = button.dataset.scope;
  button.addEventListener("click", () => act(button.textContent, async () => {
    await done(client.auth.signOut({ scope }));
    return SIGNED_OUT[scope];
  }));
}

showStorage("before", storage());
