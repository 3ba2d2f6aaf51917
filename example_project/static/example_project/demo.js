"use strict";

// The client as it comes: it adds /auth/v1 to the address and keeps the session in local storage.
const client = supabase.createClient(location.origin, "sb_publishable_demo");

const SIGNED_OUT = {
  local: "Signed out on this device. The others stay signed in.",
  others: "Signed out of the other devices. This one stays signed in.",
  global: "Signed out everywhere, on this device too.",
};
const byId = (id) => document.getElementById(id);
const moment = (date) => new Date(date).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
let working = false;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

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

function say(text, kind) {
  byId("status").textContent = text;
  byId("status").className = kind;
}

/** Supabase's errors have a code, or only a name; those of the REST face come as {detail, code}. */
const explain = (error) => `${error.code ?? error.name ?? "error"}: ${error.message ?? error.detail}`;

/** The devices, from the REST face: it accepts the same access token. */
async function showDevices(session) {
  const headers = { Authorization: `Bearer ${session.access_token}` };
  const response = await fetch("/api/auth/sessions/", { headers });
  const answer = await response.json();
  if (!response.ok) throw answer;
  const items = answer.map((each) => {
    const item = element("li", "");
    item.append(element("strong", each.name || each.device.label));
    if (each.is_current) item.append(element("span", "This device", { class: "badge" }));
    const used = element("span", "Last used ", { class: "hint" });
    used.append(element("time", moment(each.last_seen_at), { datetime: each.last_seen_at }));
    item.append(used);
    return item;
  });
  byId("devices").replaceChildren(...items);
}

/** Shows what is true now. */
async function refresh() {
  const { data } = await client.auth.getSession();
  showSession(data.session);
  if (data.session) await showDevices(data.session);
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
  const buttons = document.querySelectorAll("button");
  working = true;
  buttons.forEach((button) => { button.disabled = true; });
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
  buttons.forEach((button) => { button.disabled = false; });
  working = false;
  if (pressed.matches("button, input")) keepFocus(pressed);
}

/** Back to where the person was; where that has gone, to the heading of what is there now. */
function keepFocus(pressed) {
  const heading = byId("signed-in").hidden ? "sign-in-heading" : "signed-in-heading";
  (pressed.checkVisibility() ? pressed : byId(heading)).focus();
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
