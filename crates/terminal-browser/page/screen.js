// The picture and the hands: a canvas that shows what the core has opened, real buttons over it for the
// actions that the sealed outline names, and pointer, keys and composed text back to the core.

import { words } from './words.js';

const canvas = document.getElementById('screen');
const stage = document.getElementById('stage');
const outline = document.getElementById('outline');
const outlineText = document.getElementById('outline-text');
const keyboard = document.getElementById('keyboard');
const context = canvas.getContext('2d', { alpha: false, desynchronized: true });

const ACTIVE_ROLES = new Set(['action', 'choice', 'field', 'key']);
// Keys that the browser keeps, and keys that travel by name; everything else comes as text.
const NAMED_KEYS = new Set(['Enter', 'Tab', 'Escape', 'Backspace', 'Delete', 'Home', 'End', 'ArrowLeft',
  'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown']);

let session = null;
let pump = () => {};
let pressed = false;
let touchedAt = 0;

/** Begins to show a session; `changed` is called after every input. */
export function attach(newSession, changed) {
  session = newSession;
  pump = changed;
  canvas.width = session.width;
  canvas.height = session.height;
  canvas.setAttribute('aria-label', words.picture);
  place();
  clearOutline();
}

/** The session is over. */
export function detach() {
  session = null;
  pressed = false;
  clearOutline();
  context.fillRect(0, 0, canvas.width, canvas.height);
  keyboard.value = '';
}

function clearOutline() {
  outline.replaceChildren();
  outlineText.replaceChildren();
}

/** Shows an area that changed. */
export function present({ x, y, width, height }) {
  const rgba = session.rgba(x, y, width, height);
  const image = new ImageData(new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.length), width, height);
  context.putImageData(image, x, y);
}

/** Fits picture and buttons into the stage. */
function place() {
  if (!session) return;
  const room = stage.getBoundingClientRect();
  const scale = Math.min(room.width / session.width, room.height / session.height);
  const width = Math.max(1, Math.floor(session.width * scale));
  const height = Math.max(1, Math.floor(session.height * scale));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const shown = canvas.getBoundingClientRect();
  outline.style.left = `${shown.left - room.left}px`;
  outline.style.top = `${shown.top - room.top}px`;
  outline.style.width = `${width}px`;
  outline.style.height = `${height}px`;
}
new ResizeObserver(place).observe(stage);

/** Mirrors the outline: buttons for what can be acted on, paragraphs for what can be read. */
export function showOutline() {
  const nodes = session.outline();
  const focusedBefore = outline.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const buttons = [];
  const paragraphs = [];
  for (const node of nodes) {
    if (node.text) {
      const paragraph = document.createElement('p');
      paragraph.dataset.role = node.role;
      if (node.id) paragraph.dataset.for = node.id;
      paragraph.textContent = node.text;
      paragraphs.push(paragraph);
    }
    if (!node.id || !ACTIVE_ROLES.has(node.role)) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.tabIndex = -1;
    button.dataset.id = node.id;
    button.dataset.role = node.role;
    button.setAttribute('aria-label', node.text || node.id);
    if (node.focused) button.setAttribute('aria-current', 'true');
    button.style.left = `${(100 * node.x) / session.width}%`;
    button.style.top = `${(100 * node.y) / session.height}%`;
    button.style.width = `${(100 * node.width) / session.width}%`;
    button.style.height = `${(100 * node.height) / session.height}%`;
    button.addEventListener('click', (event) => activate(event, node));
    buttons.push(button);
  }
  outline.replaceChildren(...buttons);
  outlineText.replaceChildren(...paragraphs);
  if (focusedBefore) keyboard.focus({ preventScroll: true });
}

/** A click that no finger or mouse made (a screen reader's, a keyboard's): a sealed tap at its middle. */
function activate(event, node) {
  event.preventDefault();
  if (!session || performance.now() - touchedAt < 700) return;
  const x = Math.floor(node.x + node.width / 2);
  const y = Math.floor(node.y + node.height / 2);
  session.pointer(1, x, y);
  session.pointer(0, x, y);
  pump();
}

function position(event) {
  const shown = canvas.getBoundingClientRect();
  const along = (value, start, length, side) =>
    Math.min(side - 1, Math.max(0, Math.floor(((value - start) / length) * side)));
  return [
    along(event.clientX, shown.left, shown.width, session.width),
    along(event.clientY, shown.top, shown.height, session.height),
  ];
}

function point(event, buttons) {
  if (!session) return;
  touchedAt = performance.now();
  session.pointer(buttons, ...position(event));
  pump();
}

stage.addEventListener('pointerdown', (event) => {
  if (!session || event.button !== 0 || !event.isPrimary) return;
  // Only a field opens the keyboard of a phone; a mouse has a keyboard beside it.
  const onField = event.target.dataset?.role === 'field';
  if (onField || event.pointerType === 'mouse') keyboard.focus({ preventScroll: true });
  else keyboard.blur();
  event.preventDefault();
  pressed = true;
  stage.setPointerCapture(event.pointerId);
  point(event, 1);
});
stage.addEventListener('pointermove', (event) => {
  if (pressed && event.isPrimary) point(event, 1);
});
for (const name of ['pointerup', 'pointercancel']) {
  stage.addEventListener(name, (event) => {
    if (!pressed || !event.isPrimary) return;
    pressed = false;
    point(event, 0);
  });
}
stage.addEventListener('contextmenu', (event) => event.preventDefault());
stage.addEventListener('wheel', (event) => {
  if (!session || event.deltaY === 0) return;
  event.preventDefault();
  session.pointer(event.deltaY < 0 ? 8 : 16, ...position(event));
  session.pointer(0, ...position(event));
  pump();
}, { passive: false });

// Keys: named ones at once; characters by the text field, which also takes composed text (Chinese) and
// what a phone's keyboard suggests.
function takeText() {
  if (session && keyboard.value) {
    session.text(keyboard.value);
    pump();
  }
  keyboard.value = '';
}
keyboard.addEventListener('input', (event) => {
  if (!event.isComposing) takeText();
});
keyboard.addEventListener('compositionend', takeText);

document.addEventListener('keydown', (event) => {
  if (!session || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const inPage = event.target.closest?.('.status, .bar');
  if (inPage) return;
  const onButton = outline.contains(event.target);
  if (onButton && (event.key === 'Enter' || event.key === ' ')) return;
  if (NAMED_KEYS.has(event.key)) {
    event.preventDefault();
    session.key(event.key === 'Tab' && event.shiftKey ? 'ShiftTab' : event.key);
    pump();
  } else if (event.target !== keyboard) {
    keyboard.focus({ preventScroll: true });
  }
});
