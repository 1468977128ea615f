// Everything works without this file. It moves the focus to what must be mended, adds two keys at the desk,
// and keeps a ceremony's progress fresh without loading the page again.
"use strict";

document.documentElement.classList.add("has-script");

// The page asks for it itself (autofocus); some browsers do so for form fields only.
const focusErrors = () => {
  const errors = document.getElementById("erreurs");
  if (errors && document.activeElement === document.body) errors.focus();
};

// J and K open the next and the previous document. A person may turn the keys off, for good on this device:
// with speech input, single letters are typed by accident (WCAG 2.1.4).
const KEYS_SETTING = "raccourcis";

const keysAreOn = () => localStorage.getItem(KEYS_SETTING) !== "non";

const addKeys = () => {
  const box = document.getElementById("raccourcis");
  if (!box) return;
  box.checked = keysAreOn();
  box.addEventListener("change", () => localStorage.setItem(KEYS_SETTING, box.checked ? "oui" : "non"));
  document.addEventListener("keydown", (event) => {
    if (!keysAreOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const rel = { j: "next", k: "prev" }[event.key.toLowerCase()];
    const link = rel && document.querySelector(`a[rel="${rel}"]`);
    if (link) link.click();
  });
};

// Progress of a ceremony: asked every two seconds, less often where the answer takes long (a thousand documents on a busy
// machine), so that asking never takes more than a fifth of the time; spoken every ten per cent only.
const REFRESH_MS = 2000;
const PAUSES_PER_ANSWER = 4;
const SPOKEN_STEP = 10;

const followCeremony = () => {
  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const bar = place.querySelector("progress");
  const spoken = place.querySelector("[data-spoken]");
  let said = Math.floor((100 * bar.value) / bar.max / SPOKEN_STEP);
  const refresh = async () => {
    const asked = Date.now();
    const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const state = await answer.json();
    bar.value = state.countersigned;
    for (const shown of place.querySelectorAll("[data-shown]")) shown.textContent = state[shown.dataset.shown];
    const tenth = Math.floor((100 * state.countersigned) / state.total / SPOKEN_STEP);
    if (tenth !== said) spoken.textContent = state.sentence;
    said = tenth;
    if (state.settled || state.over !== (place.dataset.over === "oui")) location.reload();
    else setTimeout(follow, Math.max(REFRESH_MS, PAUSES_PER_ANSWER * (Date.now() - asked)));
  };
  const follow = () => refresh().catch(() => setTimeout(follow, REFRESH_MS * 5));
  setTimeout(follow, REFRESH_MS);
};

document.addEventListener("DOMContentLoaded", () => {
  addKeys();
  followCeremony();
});
window.addEventListener("load", focusErrors);
