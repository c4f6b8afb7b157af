// Starts the page. A browser drops what it is loading when an address of its machine changes, and with every container that
// starts one may: then the page is loaded again, a few times at most.

const tries = "kubelite-tries";
const tried = Number(sessionStorage.getItem(tries) ?? 0);
try {
  await import("./main.js");
  if ([...document.querySelectorAll("link[rel=stylesheet]")].some((link) => !link.sheet)) throw new Error("a style sheet is missing");
  sessionStorage.removeItem(tries);
} catch (error) {
  if (tried >= 5) throw error;
  sessionStorage.setItem(tries, tried + 1);
  location.reload();
}
