"use strict";
// What the console's pages do in the browser. Every page works without it, but
// for what only a browser can do: the search box, cropping, the viewer's zone.
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Times are written in UTC; here they are put into the viewer's zone.
const shortTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const longTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
function localize(from) {
  for (const t of all("time[datetime]", from)) {
    const at = new Date(t.dateTime);
    if (t.title || Number.isNaN(at.getTime())) continue;
    t.textContent = shortTime.format(at);
    t.title = longTime.format(at);
  }
}

// Light or dark.
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("facet-theme", root.dataset.theme); } catch { /* for this page only */ }
}

// The token that goes with every change.
document.addEventListener("htmx:configRequest", (e) => {
  const csrf = one('meta[name="csrf"]');
  if (csrf) {
    e.detail.headers["X-Csrf-Token"] = csrf.content;
    if (e.detail.parameters.has?.("_csrf")) e.detail.parameters.set("_csrf", csrf.content);
  }
});

// A session that has ended: the answer is a dialog to sign in by. What was asked
// for is asked once more afterwards; the page stays as it is.
let waiting = null;
document.addEventListener("htmx:beforeOnLoad", (e) => {
  if (e.detail.xhr.status === 401 && e.detail.xhr.getResponseHeader("HX-Retarget") === "#dialog") waiting = e.detail.elt;
});
document.addEventListener("signed-in", (e) => {
  const was = one('meta[name="subject"]');
  one("#dialog").replaceChildren();
  if (was && was.content !== e.detail.subject) { // somebody else: nothing is theirs here
    location.reload();
    return;
  }
  one('meta[name="csrf"]').content = e.detail.csrf;
  for (const field of all('input[name="_csrf"]')) field.value = e.detail.csrf;
  const again = waiting;
  waiting = null;
  if (again && again.isConnected) {
    if (again.tagName === "FORM") again.requestSubmit();
    else htmx.trigger(again, again.getAttribute("hx-trigger")?.startsWith("input") ? "input" : "click");
  }
});

// No numbers are asked for that nobody sees.
document.addEventListener("htmx:beforeRequest", (e) => {
  if (document.hidden && e.detail.elt.id === "numbers") e.preventDefault();
});
document.addEventListener("htmx:sendError", () => {
  const at = one("#messages");
  if (!at) return;
  const says = document.createElement("div");
  says.className = "message bad";
  says.setAttribute("role", "alert");
  says.textContent = "The server cannot be reached. What you typed is still here; try again in a moment.";
  at.replaceChildren(says);
});

// Whole pages come as answers to forms: their head's token and title are taken
// over, and the address is that of the page.
document.addEventListener("htmx:afterSwap", (e) => {
  if (e.detail.target.id === "quick") showQuick();
});
document.addEventListener("htmx:afterSettle", (e) => {
  prepare(e.detail.elt);
  const fault = one('[aria-invalid="true"]', e.detail.elt);
  if (fault) fault.focus();
});

// The search box.
const find = () => one("#find");
function showQuick() {
  const box = one("#quick");
  box.hidden = !box.children.length || document.activeElement !== find();
  find().setAttribute("aria-expanded", String(!box.hidden));
  find().removeAttribute("aria-activedescendant");
}
function hideQuick() {
  const box = one("#quick");
  if (!box) return;
  box.hidden = true;
  find().setAttribute("aria-expanded", "false");
}
function choose(step) {
  const hits = all("#quick .hit");
  if (!hits.length) return;
  const now = hits.findIndex((h) => h.getAttribute("aria-selected") === "true");
  const next = (now + step + hits.length + (now < 0 && step < 0 ? 1 : 0)) % hits.length;
  hits.forEach((h, i) => h.setAttribute("aria-selected", String(i === next)));
  hits[next].scrollIntoView({ block: "nearest" });
  find().setAttribute("aria-activedescendant", hits[next].id);
}
document.addEventListener("keydown", (e) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
  if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey && find()) {
    e.preventDefault();
    find().focus();
    find().select();
  }
  if (e.target !== find() || !find()) return;
  if (e.key === "ArrowDown" || e.key === "ArrowUp") {
    e.preventDefault();
    choose(e.key === "ArrowDown" ? 1 : -1);
  } else if (e.key === "Escape") hideQuick();
});
document.addEventListener("submit", (e) => {
  const chosen = one('#quick:not([hidden]) .hit[aria-selected="true"]');
  if (!chosen || !e.target.matches(".find")) return;
  e.preventDefault();
  location.href = chosen.href;
});
document.addEventListener("focusin", (e) => {
  if (e.target === find() && one("#quick").children.length) showQuick();
  else if (!e.target.closest(".find")) hideQuick();
});

document.addEventListener("click", (e) => {
  const at = (selector) => e.target.closest(selector);
  if (at("[data-theme-switch]")) switchTheme();
  if (!at(".find")) hideQuick();
  for (const menu of all("details.account[open]")) if (!menu.contains(e.target)) menu.open = false;
  const copy = at("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
      copy.classList.add("done");
      setTimeout(() => copy.classList.remove("done"), 1200);
    });
  }
  const take = at("[data-take]");
  if (take) {
    const input = document.getElementById(take.dataset.take);
    input.value = take.dataset.value;
    take.closest(".theirs").remove();
    input.focus();
  }
  const cancel = at("[data-cancel]");
  if (cancel) htmx.trigger(one(cancel.dataset.cancel), "htmx:abort");
  const row = at("tr[data-href]");
  if (row && !at("a, button") && !String(getSelection())) location.href = row.dataset.href;
});

// What is not saved is not left without a word.
let unsaved = false;
document.addEventListener("input", (e) => { if (e.target.closest("form[data-guard]")) unsaved = true; });
document.addEventListener("submit", (e) => {
  unsaved = false;
  const asks = e.target.dataset.confirm;
  if (asks && !confirm(asks)) e.preventDefault();
}, true);
addEventListener("beforeunload", (e) => { if (unsaved) e.preventDefault(); });

// A picture is cropped to a square before it is sent.
function crop(form) {
  const input = one('input[type="file"]', form), canvas = one("canvas", form), zoom = one("[data-zoom]", form);
  const brush = canvas.getContext("2d"), side = 640, view = canvas.width;
  let image = null, x = 0, y = 0;
  one("[data-upload]", form).hidden = true;
  const scale = () => Math.max(view / image.width, view / image.height) * zoom.value / 100;
  const draw = (on = brush, size = view) => {
    const s = scale();
    x = Math.min(0, Math.max(view - image.width * s, x));
    y = Math.min(0, Math.max(view - image.height * s, y));
    const f = size / view;
    on.clearRect(0, 0, size, size);
    on.drawImage(image, x * f, y * f, image.width * s * f, image.height * s * f);
  };
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    try { image = await createImageBitmap(input.files[0]); } catch { image = null; }
    one("[data-upload]", form).hidden = false;
    one(".crop", form).hidden = !image;
    one(".picture-now", form).hidden = Boolean(image);
    if (!image) return; // the server says what is wrong with it
    zoom.value = 100;
    const s = scale();
    x = (view - image.width * s) / 2;
    y = (view - image.height * s) / 2;
    draw();
  });
  zoom.addEventListener("input", () => image && draw());
  let from = null;
  canvas.addEventListener("pointerdown", (e) => { from = [e.clientX - x, e.clientY - y]; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointermove", (e) => { if (from) { x = e.clientX - from[0]; y = e.clientY - from[1]; draw(); } });
  canvas.addEventListener("pointerup", () => { from = null; });
  canvas.addEventListener("keydown", (e) => {
    const move = { ArrowLeft: [8, 0], ArrowRight: [-8, 0], ArrowUp: [0, 8], ArrowDown: [0, -8] }[e.key];
    if (!image || !(move || e.key === "+" || e.key === "-")) return;
    e.preventDefault();
    if (move) { x += move[0]; y += move[1]; } else zoom.value = Number(zoom.value) + (e.key === "+" ? 10 : -10);
    draw();
  });
  form.addEventListener("submit", async (e) => {
    if (!image) return;
    e.preventDefault();
    const out = document.createElement("canvas");
    out.width = out.height = side;
    draw(out.getContext("2d"), side);
    const blob = await new Promise((done) => out.toBlob(done, "image/png"));
    const body = new FormData();
    body.set("picture", blob, "picture.png");
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Csrf-Token": one('meta[name="csrf"]').content, "HX-Request": "true" } });
    if (answer.headers.get("HX-Redirect")) location.href = answer.headers.get("HX-Redirect");
    else one(answer.status === 401 ? "#dialog" : "#messages").innerHTML = await answer.text(), prepare(document);
  });
}

// What has to be moved sideways can be reached by keyboard.
function reachable(from) {
  for (const box of all(".scroll", from)) {
    if (box.scrollWidth <= box.clientWidth || one("a, button, input", box)) continue;
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", one("h2", box.closest(".card") ?? box)?.textContent ?? "Table");
  }
}

function prepare(from) {
  localize(from);
  reachable(from);
  for (const dialog of all("dialog[data-modal]", from)) if (!dialog.open) { htmx.process(dialog); dialog.showModal(); }
  for (const form of all("form[data-crop]", from)) if (!form.dataset.ready) { form.dataset.ready = "1"; crop(form); }
}
document.addEventListener("DOMContentLoaded", () => prepare(document));
