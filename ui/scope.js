// The bar of filters: what is chosen goes to the server as a whole, which sends the bar again as it is then.
const drawer = () => element.querySelector(".rag-search-drawer");
const opener = () => element.querySelector(".rag-scope-open");
const open = () => element.classList.contains("rag-open");
const document_ = () => element.querySelector("input[name=document]");
const typed = {}; // as it is now; see search.js
const chosen = {};
let waiting;
let changed; // what somebody changed last, while they are still there

const NOTHING = { values: {}, since: null, until: null, document: null };
const spelled = ({ values, since, until, document }) => {
  const some = Object.entries(values).filter(([, own]) => own.length);
  return JSON.stringify({ values: Object.fromEntries(some.sort()), since, until, document });
};
const came = () => spelled(JSON.parse(drawer().dataset.chosen));
let sent = []; // what the bar came with, and what was chosen since and has not come back yet; or nothing
const now = () => JSON.parse(sent.at(-1) ?? came());

const choose = (choice) => {
  if (!sent.length) sent.push(came());
  sent.push(spelled(choice));
  mark();
  trigger("chosen", Object.assign(chosen, now()));
};

const placeOf = (input) => JSON.stringify([input.closest("fieldset")?.dataset.name, input.name, input.dataset.values]);
const nameOf = (box) => box.closest("fieldset").dataset.name;
const meantBy = (box) => JSON.parse(box.dataset.values);

const mark = () => {
  const { values, ...days } = now();
  for (const box of drawer().querySelectorAll("input[type=checkbox]")) {
    box.checked = meantBy(box).some((value) => values[nameOf(box)]?.includes(value));
  }
  for (const day of drawer().querySelectorAll("input[type=date]")) {
    if (day !== document.activeElement) day.value = days[day.name] ?? "";
  }
};

const show = () => {
  drawer().hidden = !open();
  opener().setAttribute("aria-expanded", String(open()));
};

// a bar that comes anew does not know what is open; one that was asked for earlier does not know what was chosen since
const sync = () => {
  const earlier = sent.indexOf(came());
  sent = earlier < 0 || earlier === sent.length - 1 ? [] : sent.slice(earlier);
  show();
  mark();
  stay();
};

// fields come and go with what is chosen, and the page would leave the focus on what took the place of its field
const stay = () => {
  const elsewhere = document.activeElement !== document.body && !element.contains(document.activeElement);
  if (!open() || !changed || elsewhere) return;
  const there = [...drawer().querySelectorAll("input")].find((input) => placeOf(input) === changed);
  (there ?? opener()).focus();
};

const change = (input) => {
  const choice = now();
  if (input.type === "date") choice[input.name] = input.value || null;
  else {
    const others = without(choice.values[nameOf(input)], meantBy(input));
    choice.values[nameOf(input)] = input.checked ? [...others, ...meantBy(input)] : others;
  }
  changed = placeOf(input);
  choose(choice);
};

const remove = ({ name, values }) => {
  const choice = now();
  if (name === "modified") choice.since = choice.until = null;
  else if (name === "document_id") choice.document = null;
  else choice.values[name] = without(choice.values[name], values);
  choose(choice);
};

const without = (all, gone) => (all ?? []).filter((value) => !gone.includes(value));

const only = () => {
  const name = document_().value.trim();
  if (name) trigger("only", { document: name });
  document_().value = "";
};

const toggle = (opened) => {
  element.classList.toggle("rag-open", opened);
  show();
  if (opened) trigger("opened");
};

element.addEventListener("click", (event) => {
  const removed = event.target.closest("[data-remove]");
  if (event.target.closest(".rag-scope-open")) toggle(!open());
  else if (removed) remove(JSON.parse(removed.dataset.remove));
  else if (event.target.closest("[data-clear]")) choose(NOTHING);
  else return;
  opener().focus(); // what was clicked may go
});

element.addEventListener("change", (event) => {
  if (event.target === document_()) only();
  else change(event.target);
});

element.addEventListener("focusin", (event) => {
  if (placeOf(event.target) !== changed) changed = undefined;
});

element.addEventListener("input", (event) => {
  if (event.target !== document_()) return;
  clearTimeout(waiting);
  const text = document_().value;
  const offered = [...(document_().list?.options ?? [])].some((option) => option.value === text);
  if (offered) only();
  else waiting = setTimeout(() => trigger("typed", Object.assign(typed, { text })), 200);
});

element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open()) {
    toggle(false);
    opener().focus();
  } else if (event.key === "Enter" && event.target === document_()) {
    event.preventDefault();
    only();
  }
});

watch("value", sync);
