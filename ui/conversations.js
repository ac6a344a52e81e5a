// The conversations of this browser, and what the buttons of the chat do. Runs once, when the drawer is there.
// Each conversation is one item of localStorage, and the tab remembers which one it has open. gr.BrowserState would
// encrypt them with a secret that changes with every start of the server, and send all of them with every question.
// What is stored may have been changed by hand: it is checked here, becomes text only, and the server checks it again.
const PREFIX = "rag:";
const OPEN = "rag-open";
const DRAWER = "rag-drawer";
const MOST = 200; // conversations
const ROOM = 4_000_000; // characters in all; browsers take about five million
const UNDO_MS = 8000;
const AGAIN_MS = 100;
const TRIES = 50;

const root = element.closest("#rag-chat");
const find = (selector) => root.querySelector(selector);
const narrow = matchMedia("(max-width: 1100px)");

// ---- what is kept -------------------------------------------------------------------------------------------------

const isText = (value) => typeof value === "string";

function parsed(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key));
    const fits = key === PREFIX + kept.id && isText(kept.corpus) && isText(kept.owner) && isText(kept.turns[0].question);
    if (!fits) return null;
    return { ...kept, title: isText(kept.title) ? kept.title : "", updated: Number(kept.updated) || 0 };
  } catch {
    return null;
  }
}

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return []; // this browser keeps nothing
  }
}

function conversations() {
  const { corpus, owner } = find(".rag-drawer").dataset;
  const mine = keys().map(parsed).filter((kept) => kept && kept.corpus === corpus && kept.owner === owner);
  return mine.sort((one, other) => other.updated - one.updated);
}

function oldest(except) {
  const others = keys().filter((key) => key !== except);
  const age = (key) => parsed(key)?.updated ?? -1; // what cannot be read goes first
  return others.sort((one, other) => age(one) - age(other))[0];
}

function write(kept) {
  const key = PREFIX + kept.id;
  const text = JSON.stringify(kept);
  const used = () => keys().reduce((sum, other) => sum + (other === key ? 0 : localStorage[other].length), text.length);
  if (text.length > ROOM) return note("unsaved");
  for (;;) {
    try {
      const fits = used() <= ROOM && (keys().length < MOST || localStorage.getItem(key) !== null);
      if (fits) return localStorage.setItem(key, text);
    } catch (error) {
      if (error.name !== "QuotaExceededError" || !oldest(key)) return note("unsaved");
    }
    localStorage.removeItem(oldest(key));
    note("dropped");
  }
}

const forget = (id) => localStorage.removeItem(PREFIX + id);
const opened = () => sessionStorage.getItem(OPEN) ?? "";
const read = (id) => (id ? parsed(PREFIX + id) : null);

let open; // the conversation that is shown, as this page knows it: the server sends what is new of it

function keep({ after, turns, ...conversation }) {
  const before = open?.id === conversation.id ? open : read(conversation.id);
  const kept = before?.turns.slice(0, after) ?? [];
  if (kept.length < after) return trigger("lost"); // an update did not arrive
  open = { ...conversation, turns: [...kept, ...turns] };
  write({ ...open, title: read(open.id)?.title ?? "", updated: Date.now() });
  show(open.id);
}

// ---- the drawer ---------------------------------------------------------------------------------------------------

const line = (text) => text.replace(/\s+/g, " ").trim();
const name = (kept) => line(kept.title || kept.turns[0].question);

function heading(time) {
  const language = find(".rag-drawer").lang;
  const midnight = new Date().setHours(0, 0, 0, 0);
  const days = Math.floor((midnight - new Date(time).setHours(0, 0, 0, 0)) / 86_400_000 + 0.5);
  if (days < 2) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.max(days, 0), "day");
  return new Intl.DateTimeFormat(language, { month: "long", year: "numeric" }).format(time);
}

function holds(kept, words) {
  const said = kept.turns.map((turn) => `${turn?.question} ${turn?.answer?.answer ?? turn?.text ?? ""}`);
  const text = `${kept.title} ${said.join(" ")}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function fill() {
  const drawer = find(".rag-drawer");
  if (!drawer) return;
  const words = find(".rag-find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = conversations();
  const found = all.filter((kept) => holds(kept, words));
  const list = find(".rag-list");
  list.replaceChildren();
  let group;
  for (const kept of found) {
    const day = heading(kept.updated);
    if (group?.dataset.day !== day) {
      const title = document.createElement("h3");
      title.textContent = day;
      group = document.createElement("ul");
      group.dataset.day = day;
      list.append(title, group);
    }
    const row = drawer.querySelector("template").content.firstElementChild.cloneNode(true);
    row.dataset.id = kept.id;
    const button = row.querySelector(".rag-row-title");
    button.textContent = name(kept);
    if (kept.id === opened()) button.setAttribute("aria-current", "true");
    group.append(row);
  }
  find(".rag-empty").hidden = all.length > 0;
  find(".rag-unfound").hidden = !all.length || found.length > 0;
}

function show(id) {
  sessionStorage.setItem(OPEN, id);
  const kept = read(id);
  const title = find(".rag-title");
  if (title) title.textContent = kept ? name(kept) : "";
  fill();
}

function rename(row) {
  const kept = read(row.dataset.id);
  const input = row.querySelector(".rag-rename");
  if (!kept) return;
  row.classList.add("rag-renaming");
  input.hidden = false;
  input.value = name(kept);
  input.select();
  const done = (save) => {
    input.onblur = null;
    const title = line(input.value);
    if (save && title && title !== name(kept)) write({ ...kept, title });
    show(opened());
    find(`.rag-row[data-id="${kept.id}"] .rag-row-title`)?.focus();
  };
  input.onblur = () => done(true);
  input.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.stopPropagation();
    done(event.key === "Enter");
  };
}

function remove(row) {
  const kept = read(row.dataset.id);
  const wasOpen = kept?.id === opened();
  forget(row.dataset.id);
  fill();
  if (wasOpen) trigger("fresh", {});
  note("deleted", () => {
    write(kept);
    fill();
    if (wasOpen) trigger("open", { conversation: kept });
  });
  find(".rag-find").focus();
}

let noted, undo;
function note(what, back) {
  const shown = find(".rag-note");
  clearTimeout(noted);
  undo = back;
  shown.firstElementChild.textContent = find(".rag-drawer").dataset[what];
  shown.querySelector("button").hidden = !back;
  shown.hidden = false;
  noted = setTimeout(() => (shown.hidden = true), UNDO_MS);
}

function toggle(open) {
  root.dataset.drawer = open ? "open" : "closed";
  if (!narrow.matches) localStorage.setItem(DRAWER, root.dataset.drawer);
  else if (open) find(".rag-drawer .rag-button-new").focus();
  else find(".rag-bar .rag-button-menu").focus();
}

const isOpen = () => (narrow.matches ? root.dataset.drawer === "open" : root.dataset.drawer !== "closed");

// ---- the conversation on the page ---------------------------------------------------------------------------------

let scroller;
let follows = true;

function follow() {
  if (follows && find(".rag-turn")) scroller.scrollTop = scroller.scrollHeight;
  root.classList.toggle("rag-behind", scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 80);
}

function watchScrolling() {
  scroller = find("#rag-scroll");
  let top = 0;
  scroller.addEventListener("scroll", () => {
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (scroller.scrollTop < top - 1) follows = left < 2; // the reader goes up, be it by a line
    else if (left < 40) follows = true;
    top = scroller.scrollTop;
    follow();
  });
  new MutationObserver(follow).observe(scroller, { childList: true, subtree: true, characterData: true });
  new ResizeObserver(follow).observe(scroller);
}

function say(text) {
  const line = find(".rag-said"); // not there yet where somebody asked before the page had its words
  if (line) line.textContent = text; // read out once, when the answer is complete
}

async function copy(button) {
  const { text, done } = button.dataset;
  const before = button.title;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // there is no clipboard on a plain http address other than this machine's
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("rag-done");
  button.title = done;
  say(done);
  setTimeout(() => {
    button.classList.remove("rag-done");
    button.title = before;
  }, 2000);
}

function download(file, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown;charset=utf-8" }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

let asking;
function ask(wanted) {
  follows = true;
  clearInterval(asking);
  // Gradio drops an event while the end of the one before is on its way, which is behind the answer that it brought:
  // asked again until the server says that it asks, which by the id takes it once
  const question = { ...wanted, id: `${Date.now()}-${Math.random()}` };
  let left = TRIES;
  trigger("submit", question);
  asking = setInterval(() => (left-- ? trigger("submit", question) : clearInterval(asking)), AGAIN_MS);
}

const box = () => find("#rag-ask textarea");

const acts = {
  new: () => trigger("fresh", {}),
  drawer: () => toggle(!isOpen()),
  undo: () => undo?.(),
  open: (button) => trigger("open", { conversation: read(button.closest(".rag-row").dataset.id) }),
  rename: (button) => rename(button.closest(".rag-row")),
  delete: (button) => remove(button.closest(".rag-row")),
  export: (button) => trigger("export", { conversation: read(button.closest(".rag-row").dataset.id) }),
  copy,
  latest: () => {
    follows = true;
    follow();
  },
  ask: (button) => ask({ question: button.dataset.question }),
  retry: (button) => ask({ turn: Number(button.dataset.turn) }),
  "as-written": (button) => ask({ turn: Number(button.dataset.turn), rewrite: false }),
  vote: ({ dataset, ariaPressed }) =>
    trigger("like", { turn: Number(dataset.turn), vote: ariaPressed === "true" ? null : dataset.vote }),
  edit: (button) => {
    trigger("edit", { turn: Number(button.dataset.turn) });
    box().focus();
  },
  keep: () => {
    trigger("edit", { turn: 0 });
    box().focus();
  },
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (event.target.closest(".rag-note")) find(".rag-note").hidden = true;
  if (button) acts[button.dataset.act]?.(button);
  const leaves = ["new", "open"].includes(button?.dataset.act) || !event.target.closest("#rag-drawer, #rag-bar");
  if (narrow.matches && isOpen() && leaves) toggle(false);
  if (["new", "open", "as-written", "ask"].includes(button?.dataset.act) && !narrow.matches) box().focus();
});

root.addEventListener("submit", (event) => {
  const form = event.target.closest(".rag-reason");
  if (!form) return;
  event.preventDefault();
  const vote = form.closest(".rag-turn").querySelector('[data-act="vote"][aria-pressed="true"]')?.dataset.vote;
  trigger("like", { turn: Number(form.dataset.turn), vote, reason: form.elements.reason.value });
});

root.addEventListener("input", (event) => event.target.matches(".rag-find") && fill());

root.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && narrow.matches && isOpen()) {
    event.stopPropagation();
    toggle(false);
  }
});

addEventListener("storage", (event) => event.key?.startsWith(PREFIX) && fill()); // another tab

// ---- the server ---------------------------------------------------------------------------------------------------

document.addEventListener("rag-asks", ({ detail }) => ask(detail));

document.addEventListener("rag-told", ({ detail }) => {
  const { asks, keeps, opens, file, said, note: what } = detail;
  if (asks || opens !== undefined) clearInterval(asking);
  if (keeps) keep(keeps);
  if (opens !== undefined) {
    follows = true;
    open = read(opens);
    show(opens);
  }
  if (file) download(file.name, file.text);
  if (said) say(said);
  if (what) note(what);
});

function begin() {
  if (!find(".rag-log[data-ready]") || !find(".rag-behind-answers") || !box()) return requestAnimationFrame(begin); // the rest of the chat comes after the drawer
  watchScrolling();
  watch("value", () => show(opened()));
  root.dataset.drawer = narrow.matches ? "closed" : (localStorage.getItem(DRAWER) ?? "open");
  trigger("start", { conversation: read(opened()) });
}

begin();
