"use strict";

// The cookie is the sign-in: the script keeps nothing, and shows Django's CSRF token to end a session.
async function call(path, options) {
  const response = await fetch(`/api/auth/${path}`, options);
  if (!response.ok) throw { status: response.status, ...await response.json() };
  return response;
}

function showSignedIn(signedIn) {
  byId("signed-in").hidden = !signedIn;
  byId("signed-out").hidden = signedIn;
}

async function refresh() {
  showDevices(await (await call("sessions/")).json());
  return "These are your devices now.";
}

async function signOut(scope) {
  const headers = { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value };
  await call(`sign-out/?scope=${scope}`, { method: "POST", headers });
  if (scope === "others") await refresh();
  else showSignedIn(false);
  return SIGNED_OUT[scope];
}

function fail(error) {
  const ended = error.status === 401;
  if (ended) showSignedIn(false);
  say(ended ? "This browser has been signed out." : explain(error), "bad");
}

/** Does one thing, with the buttons disabled, and says what came of it. */
async function act(work) {
  const pressed = document.activeElement;
  setDisabled(true);
  say("Working…", "");
  try {
    say(await work(), "good");
  } catch (error) {
    fail(error);
  }
  setDisabled(false);
  keepFocus(pressed);
}

byId("look").addEventListener("click", () => act(refresh));

for (const button of document.querySelectorAll("[data-scope]")) {
  button.addEventListener("click", () => act(() => signOut(button.dataset.scope)));
}

refresh().catch(fail);
