"use strict";

// What the two pages share.

const SIGNED_OUT = {
  local: "Signed out on this device. The others stay signed in.",
  others: "Signed out of the other devices. This one stays signed in.",
  global: "Signed out everywhere, on this device too.",
};
const byId = (id) => document.getElementById(id);
const moment = (date) => new Date(date).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function say(text, kind) {
  byId("status").textContent = text;
  byId("status").className = kind;
}

/** Supabase's errors have a code, or only a name; those of the REST face come as {detail, code}. */
const explain = (error) => `${error.code ?? error.name ?? "error"}: ${error.message ?? error.detail}`;

/** The devices as the REST face lists them. */
function showDevices(devices) {
  const items = devices.map((each) => {
    const item = element("li", "");
    item.append(element("strong", each.name || each.device.label), element("span", each.kind, { class: "hint" }));
    if (each.is_current) item.append(element("span", "This device", { class: "badge" }));
    const used = element("span", "Last used ", { class: "hint used" });
    used.append(element("time", moment(each.last_used_at), { datetime: each.last_used_at }));
    item.append(used);
    return item;
  });
  byId("devices").replaceChildren(...items);
}

function setDisabled(disabled) {
  for (const button of document.querySelectorAll("button")) button.disabled = disabled;
}

/** Back to where the person was; where that has gone, to the heading of what is there now. */
function keepFocus(pressed) {
  const heading = byId("signed-in").hidden ? "sign-in-heading" : "signed-in-heading";
  (pressed.checkVisibility() ? pressed : byId(heading)).focus();
}
