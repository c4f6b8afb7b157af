// A long list is one stop of the Tab key: the list has the focus first, and arrows move along its buttons.

export function rove(list) {
  list.tabIndex = 0;
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    (buttons[at + step] ?? (step < 0 ? list : buttons.at(-1)))?.focus();
  });
}
