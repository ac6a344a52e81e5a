// The hits: arrow keys go through them, Enter opens the passage, buttons narrow the search or copy.
const root = element.closest("#rag-search");
const hits = () => [...element.querySelectorAll(".rag-hit")];

const focus = (hit) => {
  for (const other of hits()) other.tabIndex = other === hit ? 0 : -1;
  hit.focus();
  hit.scrollIntoView({ block: "nearest" });
};

element.addEventListener("keydown", (event) => {
  const hit = event.target.closest(".rag-hit");
  if (!hit || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = hits();
  const place = all.indexOf(hit);
  const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: all.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    if (all[next]) focus(all[next]);
    else if (next < 0) root.querySelector("input[name=query]").focus();
  } else if (event.key === "Enter" && event.target === hit) {
    event.preventDefault();
    const details = hit.querySelector("details");
    details.open = !details.open;
  }
});

element.addEventListener("click", async (event) => {
  const only = event.target.closest("[data-only]");
  const copy = event.target.closest("[data-copy]");
  if (only) trigger("only", { document: only.dataset.only });
  else if (event.target.closest("[data-clear]")) trigger("cleared");
  else if (event.target.closest("[data-close]")) {
    trigger("closed");
    root.querySelector("input[name=missing]").focus();
  } else if (copy) {
    const lines = element.querySelector("pre");
    try {
      await navigator.clipboard.writeText(lines.textContent);
      copy.textContent = copy.dataset.copied;
    } catch {
      getSelection().selectAllChildren(lines); // no clipboard without https: it is marked, to be copied by hand
    }
  }
});

watch("value", () => {
  root.classList.remove("rag-busy");
  const asked = document.activeElement?.closest(".rag-why");
  if (asked) element.querySelector(".rag-explained")?.scrollIntoView({ block: "nearest" });
  const scored = element.querySelector("[data-legs]")?.dataset.legs.split(" ");
  if (!scored) return;
  for (const slider of root.querySelectorAll("input[data-leg]")) {
    slider.closest("label").classList.toggle("rag-idle", !scored.includes(slider.dataset.leg));
  }
});
