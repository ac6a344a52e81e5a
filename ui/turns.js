// The turns that are finished, and the passages behind them. The server sends each of them once, and from then on only
// says how many stay: a long conversation takes no longer to show than a short one.
const log = element.querySelector(".rag-log");
const panel = () => document.querySelector("#rag-panel .rag-behind-answers");
let shown = []; // of each turn its article, and the passages behind its answer

function article(html) {
  const made = document.createElement("template");
  made.innerHTML = html; // escaped by the server
  return made.content.firstElementChild;
}

function passages(html) {
  const made = document.createElement("div");
  made.className = "rag-group";
  made.innerHTML = html;
  return made;
}

function show(told) {
  const { after, turns, sources, around } = told;
  if (!panel()) return requestAnimationFrame(() => show(told)); // it comes a moment later
  if (around) {
    log.innerHTML = around.start;
    panel().innerHTML = around.panel;
    shown = [];
  }
  const heading = panel().querySelector("h2");
  if (shown.length < after || !heading) return trigger("lost"); // an update did not arrive, the first one maybe
  if (!sources) {
    // the same turns, said in another way
    turns.forEach((html, place) => {
      const [before, behind] = shown[after + place];
      shown[after + place] = [article(html), behind];
      before.replaceWith(shown[after + place][0]);
    });
    return;
  }
  shown.splice(after).flat().forEach((part) => part.remove());
  if (!after && !around) log.replaceChildren();
  turns.forEach((html, place) => {
    const turn = [article(html), passages(sources[place])];
    log.append(turn[0]);
    heading.after(turn[1]); // the newest come first
    shown.push(turn);
  });
  // Gradio takes the running turn away a moment later: until then the answer would be there twice
  const running = turns.length && document.querySelector("#rag-live .rag-running");
  if (running) {
    running.classList.remove("rag-running");
    running.style.display = "none";
  }
}

document.addEventListener("rag-told", ({ detail }) => detail.shows && show(detail.shows));
log.dataset.ready = "";
