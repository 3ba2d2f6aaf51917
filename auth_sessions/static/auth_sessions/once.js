// A form that works once is sent once: a double click would show the answer to the second request.
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".auth-sessions form");
  if (!form) return;
  if ("authSessionsSent" in form.dataset) event.preventDefault();
  form.dataset.authSessionsSent = "";
});
