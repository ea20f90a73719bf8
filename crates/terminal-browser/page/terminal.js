// The browser terminal: the socket, the views of the page, and the effects of the core carried out. What is
// decided is decided in the core (WebAssembly), and every picture is opened by WebCrypto.

import init, { Enrolment, Session, deviceClass, deviceProfile } from './terminal_browser.js';
import { agree, enrolments, forget, keep, opener, sign } from './keys.js';
import { attach, detach, present, showOutline } from './screen.js';
import { fillWords, words } from './words.js';

const $ = (id) => document.getElementById(id);
const facts = () => [screen.width, screen.height, devicePixelRatio];
const VIEWS = ['loading', 'enrol', 'sign-in', 'session', 'ended'];
const ENDS = {
  done: 'endedDone',
  server: 'endedServer',
  'login-refused': 'endedRefused',
  unsealed: 'endedUnsealed',
  protocol: 'endedProtocol',
  connection: 'endedConnection',
  element: 'endedElement',
};

let known = [];

function show(view) {
  document.body.dataset.view = view;
  for (const name of VIEWS) $(`view-${name}`).hidden = name !== view;
}

function say(id, sentence) {
  $(id).textContent = sentence;
  $(id).hidden = !sentence;
}

/** Lets the page paint before something that computes for long; a hidden page does not paint. */
const painted = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, 100);
});

// ---- setting up

function showEnrol() {
  const [width, height, ratio] = facts();
  const name = deviceClass(width, height, ratio);
  const toml = deviceProfile(width, height, ratio);
  $('device-class').textContent = name;
  $('device-facts').textContent = words.deviceFacts(width, height, Math.round(ratio * 100) / 100);
  $('device-profile').textContent = toml;
  const link = $('download-profile');
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([toml], { type: 'application/toml' }));
  link.download = `${name}.toml`;
  $('to-sign-in').hidden = known.length === 0;
  say('enrol-error', '');
  show('enrol');
}

$('copy-profile').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('device-profile').textContent);
  $('copy-profile').textContent = words.copied;
  setTimeout(() => { $('copy-profile').textContent = words.copy; }, 1500);
});

$('bundle-file').addEventListener('change', async () => {
  const [file] = $('bundle-file').files;
  if (!file) return;
  $('bundle-name').textContent = file.name;
  if (file.size <= 65536) $('bundle-text').value = await file.text();
});

$('enrol-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('bundle-text').value;
  if (!text.trim()) return say('enrol-error', words.noBundle);
  say('enrol-error', '');
  $('import').disabled = true;
  $('import').textContent = words.importing;
  await painted();
  let enrolment = null;
  try {
    enrolment = Enrolment.open(text, $('activation-code').value);
    const record = await keep(enrolment, enrolment.fits(...facts()) ? deviceClass(...facts()) : '');
    known = await enrolments();
    $('enrol-form').reset();
    $('bundle-name').textContent = '';
    showSignIn(record.account);
  } catch (error) {
    say('enrol-error', error instanceof DOMException ? words.storage : words.badBundle ?? error.message);
  } finally {
    enrolment?.free();
    $('import').disabled = false;
    $('import').textContent = words.import;
  }
});

$('to-sign-in').addEventListener('click', () => showSignIn());
$('to-enrol').addEventListener('click', showEnrol);
$('forget').addEventListener('click', async () => {
  const record = chosen();
  if (!record || !confirm(words.forgetAsk(record.account))) return;
  await forget(record.account);
  known = await enrolments();
  if (known.length) showSignIn();
  else showEnrol();
});

// ---- signing in

const chosen = () => {
  const account = $('account').value.trim().toLowerCase();
  return known.find((record) => record.account === account);
};

function showSignIn(account = known[0]?.account ?? '') {
  $('account').value = account;
  $('accounts').replaceChildren(...known.map((record) => new Option(record.account)));
  $('password').value = '';
  say('sign-in-error', '');
  describeDevice();
  show('sign-in');
  $(account ? 'password' : 'account').focus();
}

function describeDevice() {
  const record = chosen();
  $('signed-in-device').textContent = record ? words.device(record.terminal) : '';
  $('forget').hidden = !record;
  const own = deviceClass(...facts());
  const differs = record && record.class !== own;
  say('screen-warning', differs ? words.otherScreen(record.class || record.model, own) : '');
}
$('account').addEventListener('input', describeDevice);
addEventListener('resize', () => {
  if (document.body.dataset.view === 'sign-in') describeDevice();
});

$('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const record = chosen();
  if (!record) return say('sign-in-error', words.notEnrolled($('account').value.trim()));
  const password = $('password').value;
  $('password').value = '';
  $('sign-in').disabled = true;
  try {
    await run(record, password);
  } catch (error) {
    say('sign-in-error', error.message);
  } finally {
    $('sign-in').disabled = false;
  }
});

// ---- the session

/** What the user reads at the end: the server's sentence, or the page's own for what the terminal found. */
function farewell({ end, sentence }) {
  if (end === 'connection') return words.noConnection;
  if (sentence === 'You have left.') return words.you;
  return words.sentences?.[end] ?? sentence;
}

/** One session, from the open socket to the dark screen. */
async function run(record, password) {
  const session = new Session(record.terminal, record.account, password, ...facts());
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(`${scheme}//${location.host}/rfb`, ['binary']);
  socket.binaryType = 'arraybuffer';
  const openers = new Map();
  let over = false;
  let pumping = false;

  const pump = () => {
    if (pumping || over) return;
    pumping = true;
    for (let effect = session.nextEffect(); effect && !over; effect = session.nextEffect()) carryOut(effect);
    pumping = false;
  };

  /** What is answered later: the core waits for it and keeps the order. */
  const later = (work, failed) => work.catch((error) => { if (!over) failed(error); }).finally(pump);

  const open = async ({ ticket, stream, nonce, associatedData, ciphertext }) => {
    if (!openers.has(stream)) openers.set(stream, opener(session.streamKey(stream)));
    const plaintext = await (await openers.get(stream))(nonce, associatedData, ciphertext);
    if (!over) session.opened(ticket, plaintext);
  };

  const ended = (effect) => {
    over = true;
    detach();
    // Later, when no effect of this session is under way in the core.
    setTimeout(() => session.free());
    if (socket.readyState <= WebSocket.OPEN) socket.close();
    delete document.body.dataset.phase;
    document.title = 'ThinPay';
    $('ended').dataset.end = effect.end;
    $('ended-title').textContent = words[ENDS[effect.end]];
    $('ended-text').textContent = farewell(effect);
    show('ended');
    $('again').focus();
  };

  const carryOut = (effect) => {
    switch (effect.kind) {
      case 'send':
        if (socket.readyState === WebSocket.OPEN) socket.send(effect.bytes);
        break;
      case 'agree':
        later(agree(record, effect.serverPublic).then((shared) => { if (!over) session.agreed(shared); }),
          (error) => session.agreeFailed(error.message));
        break;
      case 'sign':
        later(sign(record, effect.message).then((signature) => { if (!over) session.signed(signature); }),
          (error) => session.declined(error.message));
        break;
      case 'open':
        later(open(effect), () => session.rejected(effect.ticket));
        break;
      case 'present':
        present(effect);
        break;
      case 'outline':
        showOutline();
        break;
      case 'phase':
        document.body.dataset.phase = effect.phase;
        $('status').textContent = words[effect.phase] ?? '';
        break;
      case 'ended':
        ended(effect);
        break;
      default:
    }
  };

  let turn = Promise.resolve();
  const inTurn = (work) => { turn = turn.then(work); };
  socket.addEventListener('message', (event) => inTurn(async () => {
    // The password is stretched when the server's answer comes: let "Signing in" be seen first.
    if (document.body.dataset.phase === 'signing-in') await painted();
    if (over) return;
    session.receive(new Uint8Array(event.data));
    pump();
  }));
  socket.addEventListener('close', () => inTurn(() => {
    if (over) return;
    session.closed();
    pump();
  }));
  $('leave').onclick = () => {
    if (over) return;
    session.leave();
    pump();
  };

  document.body.dataset.phase = 'connecting';
  $('status').textContent = words.connecting;
  show('session');
  attach(session, pump);
  pump();
}

$('again').addEventListener('click', () => showSignIn());

// ---- the beginning

fillWords();
try {
  if (!globalThis.crypto?.subtle) throw new Error(words.noCrypto);
  await init({ module_or_path: new URL('terminal_browser_bg.wasm', import.meta.url) });
  known = await enrolments();
  if (known.length) showSignIn();
  else showEnrol();
} catch (error) {
  say('loading-error', error.message || words.storage);
  $('loading-text').hidden = true;
}
