// The bar of filters: what is chosen goes to the server, which sends the bar again as it is then.
const drawer = () => element.querySelector(".rag-search-drawer");
const opener = () => element.querySelector(".rag-scope-open");
const open = () => element.classList.contains("rag-open");
const document_ = () => element.querySelector("input[name=document]");
const typed = {}; // as it is now; see search.js
const chosen = {};
let waiting;
let changed; // what somebody changed last, while they are still there

const placeOf = (input) => JSON.stringify([input.closest("fieldset")?.dataset.name, input.name, input.dataset.values]);

const inputs = () => [...drawer().querySelectorAll("input[type=checkbox], input[type=date]")];
const stateOf = (input) => (input.type === "date" ? input.value : input.checked);
const cameAs = (input) => (input.type === "date" ? (input.getAttribute("value") ?? "") : input.hasAttribute("checked"));
const states = (of) => JSON.stringify(inputs().map((input) => [placeOf(input), of(input)]).filter((each) => each[1]).sort());
let sent = []; // what the bar had, and what was chosen and has not come back yet, oldest first

const show = () => {
  drawer().hidden = !open();
  opener().setAttribute("aria-expanded", String(open()));
};

// a bar that comes anew does not know what is open; one that was asked for earlier does not know what was chosen since
const sync = () => {
  show();
  const came = states(cameAs);
  const earlier = sent.indexOf(came);
  sent = earlier < 0 ? [] : sent.slice(earlier + 1);
  const meant = new Map(JSON.parse(sent.at(-1) ?? came));
  for (const input of inputs()) {
    if (input.type === "checkbox") input.checked = meant.has(placeOf(input));
    else if (input !== document.activeElement) input.value = meant.get(placeOf(input)) ?? "";
  }
  stay();
};

// fields come and go with what is chosen, and the page would leave the focus on what took the place of its field
const stay = () => {
  const elsewhere = document.activeElement !== document.body && !element.contains(document.activeElement);
  if (!open() || !changed || elsewhere) return;
  const there = [...drawer().querySelectorAll("input")].find((input) => placeOf(input) === changed);
  (there ?? opener()).focus();
};

const choice = () => {
  const values = JSON.parse(drawer().dataset.held); // fields that the drawer does not list stay
  for (const group of drawer().querySelectorAll("fieldset[data-name]")) {
    const boxes = [...group.querySelectorAll("input:checked")];
    values[group.dataset.name] = boxes.flatMap((box) => JSON.parse(box.dataset.values));
  }
  const day = (name) => drawer().querySelector(`input[name=${name}]`)?.value || null;
  return { values, since: day("since"), until: day("until"), document: drawer().dataset.document || null };
};

const only = () => {
  const name = document_().value.trim();
  if (name) trigger("only", { document: name });
  document_().value = "";
};

const toggle = (now) => {
  element.classList.toggle("rag-open", now);
  show();
  if (now) trigger("opened");
};

element.addEventListener("click", (event) => {
  const removed = event.target.closest("[data-remove]");
  if (event.target.closest(".rag-scope-open")) toggle(!open());
  else if (removed) trigger("removed", JSON.parse(removed.dataset.remove));
  else if (event.target.closest("[data-clear]")) trigger("cleared");
  else return;
  opener().focus(); // what was clicked may go
});

element.addEventListener("change", (event) => {
  if (event.target === document_()) only();
  else {
    changed = placeOf(event.target);
    if (!sent.length) sent.push(states(cameAs));
    sent.push(states(stateOf));
    trigger("chosen", Object.assign(chosen, choice()));
  }
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
