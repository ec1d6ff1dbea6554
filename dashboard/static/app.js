// Live refresh, copying, search by key. Every page works without it.

const news = document.getElementById("news");
const lost = document.getElementById("lost");

/** Words of an event for those who listen instead of look. */
function wordsOf(name) {
  return name.replaceAll("_", " ");
}

function prepare(root) {
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

/** Takes the parts of the page that have changed from the page as it is now. */
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
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || isInUse(part) || part.outerHTML === next.outerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      const path = focused && pathTo(part, focused);
      const adopted = document.adoptNode(next);
      part.replaceWith(adopted);
      prepare(adopted);
      if (path) at(adopted, path)?.focus();
    }
    placeNewParts(fresh);
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

/** A banner or panel that was not there before, or is not any more. */
function placeNewParts(fresh) {
  const stale = document.getElementById("stale");
  const next = fresh.getElementById("stale");
  if (stale && !document.contains(next) && !fresh.body.contains(next)) return;
  if (!stale && next) lost.after(document.adoptNode(next));
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
prepare(document);
if (document.body.dataset.branch !== undefined && document.getElementById("top")) listen();
// Ages go on by themselves.
setInterval(() => document.visibilityState === "visible" && refresh(), 60_000);
