// The keyboard. Within lists and trees arrows move; these keys work everywhere but in fields.

export function listenToKeys(app) {
  const dialog = app.element("keys");
  app.element("help").addEventListener("click", () => dialog.showModal());
  const keys = {
    1: () => app.choose("cluster"),
    2: () => app.choose("scheduler"),
    3: () => app.choose("services"),
    "/": () => app.element("find").focus(),
    l: () => app.time.goLive(),
    ",": () => app.time.step(-1),
    ".": () => app.time.step(1),
    p: () => app.gate.toggle(),
    s: () => app.gate.step(),
    "?": () => dialog.showModal(),
    Escape: () => app.open(null),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const field = event.target.matches("input:not([type=range]):not([type=checkbox]), select, textarea");
    if (field && event.key !== "Escape") return;
    if (field) event.target.blur();
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // In a list of tabs the arrows choose.
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest("[role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = [...tab.parentElement.children].filter((other) => !other.hidden);
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
