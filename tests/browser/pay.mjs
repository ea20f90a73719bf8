// Chromium signs in on the browser terminal and pays.
//
//   node pay.mjs '{"url": ..., "bundle": FILE, "activationCode": ..., "account": ..., "password": ...,
//                  "merchant": ..., "amount": "23.50", "record": DIR, "phone": false}'
//
// Drives the page as a person does: by what it shows and by its buttons, which lie over the canvas and carry
// the names of the outline. Prints one JSON object; screenshots go into the record's folder. With "wrongPassword"
// it signs in with that instead and expects to be refused.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const options = JSON.parse(process.argv[2] ?? '{}');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
/** The longest that one step of the session may take, on a busy machine, in milliseconds. */
const STEP_MAX = 30_000;

const started = performance.now();
const steps = [];
let before = started;
function done(name) {
  const now = performance.now();
  steps.push({ name, ms: Math.round((now - before) * 10) / 10 });
  before = now;
}

const folder = await mkdtemp(join(tmpdir(), 'thinpay-chromium-'));
const viewport = options.phone ? { width: 390, height: 844 } : { width: 1280, height: 720 };
const context = await chromium.launchPersistentContext(folder, {
  executablePath, args, headless: true, viewport, deviceScaleFactor: 1, hasTouch: Boolean(options.phone),
});
const complaints = [];
try {
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MAX);
  page.on('pageerror', (error) => complaints.push(`error in the page: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  const view = (name) => page.locator(`body[data-view="${name}"]`).waitFor();
  const shot = async (name) => {
    if (options.record) await page.screenshot({ path: join(options.record, `${name}.png`) });
  };
  const named = (id) => page.locator(`[data-id="${id}"]`);
  const tap = async (id) => { await named(id).click(); };
  const type = async (text) => { await page.keyboard.type(text, { delay: 20 }); };

  await page.goto(options.url);
  await view('enrol');
  await shot('enrol');
  await page.locator('#bundle-text').fill(await readFile(options.bundle, 'utf8'));
  await page.locator('#activation-code').fill(options.activationCode);
  await page.locator('#import').click();
  await view('sign-in');
  done('enrolled');

  await page.locator('#account').fill(options.account);
  await page.locator('#password').fill(options.wrongPassword ?? options.password);
  await shot('sign-in');
  await page.locator('#sign-in').click();
  if (options.wrongPassword) {
    await page.waitForFunction(() => {
      const refused = document.querySelector('#sign-in-error');
      return document.body.dataset.view === 'ended' || (refused && !refused.hidden && refused.textContent);
    });
    done('refused');
    await shot('refused');
  } else {
    await view('session');
    await named('pay').waitFor();
    done('signed in');
    await shot('home');

    await tap('pay');
    await named('payee').waitFor();
    await tap('payee');
    await type(options.merchant);
    await tap('next');
    await named('amount').waitFor();
    await tap('amount');
    await type(options.amount);
    await shot('amount');
    await tap('next');
    await named('platform.confirm').waitFor();
    done('filled in');
    await shot('confirmation');
    await tap('platform.confirm');
    await named('done').waitFor();
    done('paid');
    await shot('receipt');

    const texts = await page.locator('#outline-text').innerText();
    if (!texts.includes(options.merchant)) throw new Error(`the receipt does not name ${options.merchant}: ${texts}`);
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector('#screen');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      return { width: canvas.width, height: canvas.height, colours: seen.size };
    });
    // A readable screen has some hundred colours; noise has nearly as many as pixels, a blank one has one.
    if (colours.colours < 8 || colours.colours > 20_000) throw new Error(`no screen: ${JSON.stringify(colours)}`);
    await page.locator('#leave').click();
    await view('ended');
    done('left');
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  const browser = context.browser()?.version() ?? '';
  console.log(JSON.stringify({ ok: true, browser, viewport, steps, ms: Math.round(performance.now() - started) }));
} catch (error) {
  const page = context.pages().at(-1);
  const shown = await page?.evaluate(() => document.body.innerText).catch(() => '');
  if (options.record) await page?.screenshot({ path: join(options.record, 'failed.png') }).catch(() => {});
  console.error(`${error.stack}\n${complaints.join('\n')}\nThe page shows:\n${shown}`);
  process.exitCode = 1;
} finally {
  await context.close();
  await rm(folder, { recursive: true, force: true });
}
