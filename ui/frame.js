// Runs in the head, before Gradio: what the page was chosen to look like and to speak, and where sessions end.
(() => {
  const page = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    const days = value === null ? 0 : 31536000;
    document.cookie = `${name}=${encodeURIComponent(value ?? "")}; path=/; max-age=${days}; samesite=lax${secure}`;
  };
  const kept = (name) => {
    const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
  };

  // Gradio's own components go by the browser's language
  for (const [name, value] of [["language", page.lang], ["languages", [page.lang]]]) {
    Object.defineProperty(navigator, name, { get: () => value });
  }

  const light_or_dark = () => {
    const chosen = page.dataset.chosenTheme;
    page.dataset.theme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    document.body?.classList.toggle("dark", page.dataset.theme === "dark");
  };
  light_or_dark();
  dark.addEventListener("change", () => queueMicrotask(light_or_dark)); // after Gradio, which listens, too

  window.rag = {
    theme(chosen) {
      page.dataset.chosenTheme = chosen;
      keep("rag_theme", chosen === "system" ? null : chosen);
      light_or_dark();
      const button = document.getElementById("rag-theme");
      if (button) button.ariaLabel = button.title = button.dataset[chosen];
    },
    language(chosen) {
      if (chosen === page.lang) return;
      keep("rag_language", chosen);
      location.reload();
    },
    /** One setting of this browser; null goes back to what is configured, and no name does so with all. */
    prefer(name, value) {
      let all = {};
      try {
        all = JSON.parse(kept("rag_settings")) ?? {};
      } catch {}
      if (value === null) delete all[name];
      else all[name] = value;
      keep("rag_settings", name && Object.keys(all).length ? JSON.stringify(all) : null);
    },
  };

  document.addEventListener("click", (event) => {
    const chosen = page.dataset.chosenTheme;
    if (event.target.closest?.("#rag-theme")) {
      window.rag.theme({ system: "light", light: "dark", dark: "system" }[chosen]);
    }
    const language = event.target.closest?.("#rag-language");
    if (language) window.rag.language(language.lang);
  });

  // a session that ended leads to the login page
  const fetched = window.fetch;
  window.fetch = async (...what) => {
    const response = await fetched(...what);
    if (response.status === 401) location.reload();
    return response;
  };
})();
