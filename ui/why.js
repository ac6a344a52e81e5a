// Which document was not found: typed with suggestions, and asked about when one is named.
const typed = {}; // as it is now; see search.js
let waiting;
const field = () => element.querySelector("input[name=missing]");
const ask = () => {
  clearTimeout(waiting);
  if (field().value.trim()) trigger("explained", { document: field().value.trim() });
};

element.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

element.addEventListener("input", () => {
  clearTimeout(waiting);
  const text = field().value;
  if ([...(field().list?.options ?? [])].some((option) => option.value === text)) ask();
  else waiting = setTimeout(() => trigger("typed", Object.assign(typed, { text })), 200);
});
