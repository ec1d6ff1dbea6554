// Live refresh, copying, search by key. Every page works without it.

const news = document.getElementById("news");
let lost = document.getElementById("lost");

/** Words of an event for those who listen instead of look. */
function wordsOf(name) {
  return name.replaceAll("_", " ");
}

/** Parts as they came, before anything was changed about them here. */
const originals = new WeakMap();

/** Remembers the parts below a root, and shows what needs a script. */
function prepare(root) {
  for (const part of [root, ...root.querySelectorAll("[data-live], #main")]) {
    originals.set(part, part.outerHTML);
  }
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

/** Whether someone is writing in it, or has: it is then left as it is. */
function isInUse(element) {
  const field = element.querySelector("input:not([type=hidden]), textarea, select");
  if (!field) return false;
  return element.contains(document.activeElement) ||
    [...element.querySelectorAll("input:not([type=hidden]), textarea")].some((input) =>
      input.type === "checkbox"
        ? input.checked !== input.defaultChecked
        : input.value !== input.defaultValue
    );
}

let refreshing = false;
let again = false;

/** Takes what has changed from the page as it is now. */
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    document.title = fresh.title;
    const main = document.getElementById("main");
    const next = fresh.getElementById("main");
    // With other panels than before, the page is laid out anew; else each is replaced by itself.
    if (partsOf(main) !== partsOf(next)) replace(main, next);
    for (const part of document.querySelectorAll("[data-live]")) {
      replace(part, fresh.getElementById(part.id));
    }
  } catch {
    // The stream says when the connection is lost; the next event asks again.
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function partsOf(root) {
  return [...root.querySelectorAll("[data-live]")].map(({ id }) => id).join();
}

/** Puts one part in the place of another, with the focus where it was, unless somebody writes in it. */
function replace(part, next) {
  if (!next || isInUse(part) || originals.get(part) === next.outerHTML) return;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && pathTo(part, focused);
  const isLost = !lost.hidden;
  const adopted = document.adoptNode(next);
  part.replaceWith(adopted);
  lost = document.getElementById("lost");
  lost.hidden = !isLost;
  prepare(adopted);
  if (path) at(adopted, path)?.focus({ preventScroll: true });
}

/** Where an element stands below another, by positions. */
function pathTo(root, element) {
  const path = [];
  for (let node = element; node !== root; node = node.parentElement) {
    path.unshift([...node.parentElement.children].indexOf(node));
  }
  return path;
}

function at(root, path) {
  return path.reduce((node, index) => node?.children[index], root);
}

let timer = 0;
function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, 250);
}

function listen() {
  const source = new EventSource(
    `/live?branch=${encodeURIComponent(document.body.dataset.branch)}`,
  );
  let lostTimer = 0;
  source.addEventListener("open", () => {
    clearTimeout(lostTimer);
    if (!lost.hidden) refreshSoon();
    lost.hidden = true;
  });
  source.addEventListener("error", () => {
    clearTimeout(lostTimer);
    lostTimer = setTimeout(() => lost.hidden = false, 5000);
  });
  source.addEventListener("event", ({ data }) => {
    news.textContent = wordsOf(JSON.parse(data).name);
    refreshSoon();
  });
  source.addEventListener("run", refreshSoon);
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const text = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => button.textContent = text, 1500);
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q").focus();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-submits]")) target.form.submit();
});

document.documentElement.dataset.script = "on";
prepare(document.body);
if (document.body.dataset.branch !== undefined && document.getElementById("top")) listen();
// Ages go on by themselves.
setInterval(() => document.visibilityState === "visible" && refresh(), 60_000);
