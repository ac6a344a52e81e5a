() => {
  const ESCAPE = "Escape";
  const PREVIEW_MS = 180;
  // styles for narrow screens hold within this element alone
  const home = () => document.querySelector(".gradio-container .contain") ?? document.body;
  const CLOSE = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg>';

  // Cited pages are fetched when their place is open and near what is seen.
  const load = async (pages) => {
    if (pages.dataset.asked) return;
    pages.dataset.asked = "yes";
    const place = pages.querySelector(".rag-strips");
    try {
      const answer = await fetch(pages.dataset.pages, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.status);
      place.innerHTML = await answer.text(); // escaped by the server
    } catch {
      const line = document.createElement("p");
      line.className = "rag-passages-quiet";
      line.textContent = pages.dataset.failed;
      place.replaceChildren(line);
    }
    place.removeAttribute("aria-busy");
  };

  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting || !entry.target.open) continue;
        seen.unobserve(entry.target);
        load(entry.target);
      }
    },
    { rootMargin: "200px" },
  );
  const watch = () => {
    for (const pages of document.querySelectorAll(".rag-pages:not([data-watched])")) {
      pages.dataset.watched = "yes";
      seen.observe(pages);
    }
  };
  new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
  watch();
  document.addEventListener("toggle", (event) => event.target.matches?.(".rag-pages[open]") && load(event.target), true);

  // The whole page, in a dialog: Escape closes it and the focus goes back by itself.
  const enlarge = (strip) => {
    const dialog = document.createElement("dialog");
    const head = document.createElement("header");
    const name = document.createElement("span");
    const close = document.createElement("button");
    const page = document.createElement("div");
    const sheet = strip.querySelector(".rag-sheet").cloneNode(true);
    dialog.className = "rag-lightbox";
    dialog.setAttribute("aria-label", strip.dataset.name);
    name.textContent = strip.dataset.name;
    close.type = "button";
    close.setAttribute("aria-label", strip.dataset.close);
    close.innerHTML = CLOSE;
    page.className = "rag-lightbox-page";
    page.tabIndex = 0;
    sheet.style.inlineSize = "100%";
    sheet.style.left = sheet.style.top = "0";
    head.append(name, close);
    page.append(sheet);
    dialog.append(head, page);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    home().append(dialog);
    dialog.showModal();
    page.focus({ preventScroll: true });
    sheet.querySelector("mark")?.scrollIntoView({ block: "center", inline: "start" });
  };

  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // a page without https has no clipboard: the path is selected instead
      getSelection().selectAllChildren(button.previousElementSibling);
      return;
    }
    button.dataset.done = "yes";
    setTimeout(() => delete button.dataset.done, 1500);
  };

  document.addEventListener("click", (event) => {
    const strip = event.target.closest?.("button.rag-strip");
    const copied = event.target.closest?.(".rag-copy");
    if (strip) enlarge(strip);
    if (copied) copy(copied);
  });

  // What a citation leads to, while it is pointed at or has the focus.
  const preview = document.createElement("div");
  preview.className = "rag-preview";
  preview.id = "rag-preview";
  preview.setAttribute("role", "tooltip");
  preview.hidden = true;
  let wanted = null;
  let timer = 0;

  const hide = () => {
    clearTimeout(timer);
    wanted?.removeAttribute("aria-describedby");
    wanted = null;
    preview.hidden = true;
  };
  const show = (link) => {
    const source = document.getElementById(link.hash.slice(1));
    const title = source?.querySelector("h4")?.textContent;
    const shown = source?.querySelector(".rag-passage mark") ?? source?.querySelector(".rag-passage");
    if (!title || !shown || !link.isConnected) return;
    const heading = document.createElement("strong");
    const words = document.createElement("span");
    heading.textContent = title;
    words.textContent = shown.textContent.trim().slice(0, 400);
    preview.replaceChildren(heading, words);
    if (!preview.isConnected) home().append(preview);
    preview.hidden = false;
    link.setAttribute("aria-describedby", preview.id);
    const at = link.getBoundingClientRect();
    const size = preview.getBoundingClientRect();
    const above = at.top - size.height - 8;
    preview.style.left = `${Math.max(12, Math.min(at.left, innerWidth - size.width - 12))}px`;
    preview.style.top = `${above >= 8 ? above : at.bottom + 8}px`;
  };
  const over = (event) => {
    const link = event.target.closest?.("a.rag-cite");
    if (link === wanted) return;
    hide();
    if (!link) return;
    wanted = link;
    timer = setTimeout(show, event.type === "focusin" ? 0 : PREVIEW_MS, link);
  };
  document.addEventListener("mouseover", over);
  document.addEventListener("focusin", over);
  document.addEventListener("click", hide, true);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => event.key === ESCAPE && hide());
}
