// Uses the viewer as a person would, in a real browser: node viewer.mjs ADDRESS LONGITUDE LATITUDE BROWSER [FOLDER FOR PICTURES]
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [address, lon, lat, executablePath, pictures] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(20000);
const errors = [];
page.on('pageerror', (e) => errors.push(e.stack));
page.on('console', (m) => { if (m.type() === 'error' && !/ 412 /.test(m.text())) errors.push(m.text()); });

const get = async (path) => (await fetch(address + path)).json();
const features = async () => (await get('ogc/collections/school/items?limit=10000')).features;
const shot = (name) => (pictures ? page.screenshot({ path: `${pictures}/${name}.png` }) : null);
// told waits for a notice and closes it, or presses what it offers.
const told = async (text, press = '×') => {
  await page.waitForSelector(`#notice:not([hidden]) :text("${text}")`);
  await page.click(`#notice button:text-is("${press}")`);
};
const bar = (text) => page.click(`#toolbar button:text-is("${text}")`);

// open begins anew with a link.
const open = async (hash) => {
  await page.goto('about:blank');
  await page.goto(address + hash);
};

// at clicks the map, in pixels from its middle.
const at = async (x, y) => {
  const box = await page.locator('#map').boundingBox();
  await page.mouse.click(box.x + box.width / 2 + x, box.y + box.height / 2 + y);
};

const step = async (name, run) => {
  const begun = Date.now();
  try {
    await run();
    assert.deepEqual(errors, []);
  } catch (error) {
    console.log(`FAILED ${name}: ${error.stack}`);
    await page.screenshot({ path: `${pictures ?? '.'}/failed.png` }).catch(() => {});
    process.exitCode = 1;
    await browser.close();
    process.exit();
  }
  console.log(`ok ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
};

let drawn, before;

await step('first look', async () => {
  await page.goto(address);
  await page.waitForSelector('.leaflet-tile-loaded');
  assert.match(await page.textContent('#intro'), /Find places by meaning/);
  assert.match(await page.textContent('.leaflet-control-attribution'), /made-up town/);
  await shot('first');
});

await step('find', async () => {
  await open(`#q=school&map=18/${lat}/${lon}`);
  await page.waitForSelector('#found .rows button');
  await page.waitForFunction(() => /in view/.test(document.getElementById('status').textContent), null, { timeout: 60000 });
  await shot('found');
});

await step('draw', async () => {
  before = (await features()).length;
  await page.click('text=Draw one');
  for (const [x, y] of [[-150, -100], [50, -100], [50, 100], [-150, 100]]) await at(x, y);
  await page.keyboard.press('Enter');
  await bar('Save');
  await page.waitForSelector('#place:not([hidden]) :text("a person, by hand")');
  drawn = (await features()).at(-1);
  assert.equal((await features()).length, before + 1);
});

await step('move a point', async () => {
  await page.click('text=Move points');
  await page.locator('.vertex').first().focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowLeft');
  await page.locator('.middle').first().click(); // one more point
  await shot('points');
  await bar('Save');
  await told('Change: saved');
  const now = await get(`ogc/collections/school/items/${drawn.id}`);
  assert.equal(now.geometry.coordinates[0][0].length, 6);
  assert.ok(now.properties.area_m2 > drawn.properties.area_m2);
  drawn = now;
});

await step('conflict', async () => {
  await page.click('text=Move points');
  await page.waitForSelector('.vertex');
  const r = await fetch(`${address}feedback`, { method: 'POST', body: JSON.stringify({ feature: drawn.id, name: 'Theirs' }) });
  assert.equal(r.status, 200);
  await page.locator('.vertex').first().focus();
  await page.keyboard.press('ArrowLeft');
  await bar('Save');
  await page.waitForSelector('dialog:has-text("Somebody else changed it")');
  await shot('conflict');
  await page.click('dialog button:text-is("Save mine over it")');
  await told('Change: saved');
  drawn = await get(`ogc/collections/school/items/${drawn.id}`);
  assert.equal(drawn.properties.name, '');
});

await step('cut', async () => {
  await page.click('#place button:text-is("Cut")');
  await page.waitForSelector('#toolbar :text("Click on one side")');
  await at(-30, 140); // a line that crosses nothing is refused
  await at(60, 140);
  await page.keyboard.press('Enter');
  await told('has to cross the outline');
  await at(-60, -160);
  await at(-30, 0);
  await at(-60, 160);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#toolbar :text("2 pieces")');
  await shot('cut');
  await bar('Cut');
  await told('Cut: saved');
  const list = await features();
  assert.equal(list.length, before + 2);
  const parts = list.filter((f) => f.id >= drawn.id).reduce((sum, f) => sum + f.properties.area_m2, 0);
  assert.ok(Math.abs(parts - drawn.properties.area_m2) < 2, `${parts} of ${drawn.properties.area_m2}`);
});

await step('join', async () => {
  await page.click('#place button:text-is("Join")');
  await page.waitForSelector('#toolbar :text("Click the outline")');
  await at(20, 60);
  await page.waitForSelector('#toolbar button:text-is("Join")');
  await bar('Join');
  await told('Join: saved');
  const list = await features();
  assert.equal(list.length, before + 1);
  const whole = list.find((f) => f.id === drawn.id);
  assert.equal(whole.geometry.coordinates.length, 1);
  assert.ok(Math.abs(whole.properties.area_m2 - drawn.properties.area_m2) < 2);
});

await step('delete and undo everything', async () => {
  await page.click('#place button:text-is("Delete")');
  await page.waitForSelector('#notice:not([hidden])');
  assert.equal((await features()).length, before);
  await told('Delete: saved', 'Undo');
  await told('Delete: undone');
  assert.equal((await features()).length, before + 1);
  for (const name of ['Join: undone', 'Cut: undone', 'Change: undone', 'Change: undone', 'Draw “school”: undone']) {
    await page.keyboard.press('Control+z');
    await told(name);
  }
  assert.equal((await features()).length, before);
});

await step('draw by the keyboard alone', async () => {
  await page.waitForSelector('#found:not([hidden])');
  await page.keyboard.press('d');
  for (const arrow of ['ArrowRight', 'ArrowDown', 'ArrowLeft']) {
    await page.keyboard.press('Space');
    await page.keyboard.press(arrow);
    await page.waitForTimeout(500); // the map glides
  }
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('.vertex').count(), 3);
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#toolbar'));
});

await step('the first outline of a phrase', async () => {
  const items = `${address}ogc/collections/my%20kiosk/items?create=true`;
  if ((await fetch(items, { method: 'POST', body: '' })).status !== 415) return console.log('left out: the server makes no collections');
  await open(`#q=my%20kiosk&map=19/${lat}/${lon}`);
  await page.click('text=Draw one');
  for (const [x, y] of [[-50, -40], [50, -40], [0, 60]]) await at(x, y);
  await page.keyboard.press('Enter');
  await bar('Save');
  await page.waitForSelector('#place:not([hidden]) :text("a person, by hand")');
  await page.keyboard.press('Control+z');
  await page.waitForSelector('#found:not([hidden])');
  assert.ok(errors.every((e) => e.includes('404')), errors.join());
  errors.length = 0; // the browser tells that there was no such collection at first
  await open(`#q=school&map=18/${lat}/${lon}`);
});

await step('how it was found', async () => {
  await page.waitForSelector('#found:not([hidden]) .rows button');
  await page.click('#found .rows button');
  await page.click('text=How was this found?');
  await page.waitForFunction(() => [...document.querySelectorAll('.trace img')].filter((i) => i.naturalWidth === 768).length >= 2);
  assert.ok(await page.locator('.trace svg rect.box').count() > 0);
  await shot('trace');
  await page.keyboard.press('Escape');
});

await step('a whole area', async () => {
  await open(`#q=park&map=15/${lat}/${lon}`);
  await page.click('text=Find in this whole area…');
  await page.waitForSelector('dialog .big');
  await shot('estimate');
  await page.click('dialog button:text-is("Start")');
  await page.waitForSelector('#jobs progress');
  await page.waitForFunction(() => /[1-9]\d* of \d+ scenes/.test(document.getElementById('jobs').textContent), null, { timeout: 40000 });
  await shot('job');
  await page.click('#jobs button:text-is("Cancel")');
  await page.waitForSelector('#jobs .state.dismissed');
});

await step('what corrections taught', async () => {
  assert.equal((await get('v1/policy/corrections')).features.length, 0);
  assert.ok(await page.isHidden('#taught'));
  const around = (d) => ({ type: 'Polygon', coordinates: [[[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([x, y]) => [+lon + d + 3e-4 * x, +lat + d + 2e-4 * y])] });
  const outline = (place, by, d, iou) => ({ type: 'Feature', geometry: around(d), properties: { place, by, name: `School ${place}`, class: 'school', iou } });
  const features = ['a', 'b'].flatMap((p, i) => [outline(p, 'corrected', 1e-3 * i), outline(p, 'before', 1e-3 * i + 2e-4, 0.3), outline(p, 'after', 1e-3 * i + 3e-5, 0.8 - i / 10)]);
  const score = (iou) => ({ n: 2, mask_iou: iou, above_half: 1 });
  await page.route('**/v1/policy/corrections', (route) => route.fulfill({ json: { type: 'FeatureCollection', features, corrections: 10, held_out: 2, kept: 'after', scores: { reader: score(0.4), before: score(0.3), after: score(0.75) } } }));
  await open(`#map=18/${lat}/${lon}`);
  await page.click('#taught summary');
  assert.match(await page.textContent('#taught'), /8 outlines that people corrected here\. 2 more were held out/);
  assert.equal(await page.textContent('#taught tr:last-child td:last-child'), '75 %');
  await page.click('#taught button[data-place=b]');
  assert.equal(await page.locator('.leaflet-tools-pane path').count(), 3);
  await page.waitForTimeout(600); // the map glides
  await shot('taught');
  await page.click('#taught button[data-place=b]');
  assert.equal(await page.locator('.leaflet-tools-pane path').count(), 0);
  await page.unroute('**/v1/policy/corrections');
  await open(`#q=school&map=18/${lat}/${lon}`);
});

await step('moving and comparing layers', async () => {
  await page.click('#layers .segments:nth-of-type(2) button:text-is("map"), #layers div button:text-is("map") >> nth=1');
  await page.waitForSelector('#swipe:not([hidden])');
  await shot('swipe');
  await page.click('text=Pictures lie beside the map?');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  assert.match(await page.textContent('.nudge code'), /offset: \[3, -10\]/);
  await shot('nudge');
  await page.click('.nudge button:text-is("Done")');
  assert.match(page.url(), /with=map/);
});

await step('cuts of any shape keep the area', async () => {
  const bad = await page.evaluate(async () => {
    const { cut, join } = await import('./pieces.js');
    let seed = 7, cuts = 0;
    const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
    const area = (g) => g.coordinates.flat().reduce((sum, r) => sum + Math.abs(r.slice(1).reduce((a, p, i) => a + (r[i][0] - r[0][0]) * (p[1] - r[0][1]) - (p[0] - r[0][0]) * (r[i][1] - r[0][1]), 0)) / 2, 0);
    for (let k = 0; k < 200; k++) {
      const n = 5 + Math.floor(40 * random());
      const ring = Array.from({ length: n }, (_, i) => {
        const a = (2 * Math.PI * i) / n, r = 0.0003 + 0.0012 * random();
        return [10 + r * Math.cos(a), 50 + r * Math.sin(a)];
      });
      const shape = { type: 'Polygon', coordinates: [[...ring, ring[0]]] };
      const a = 2 * Math.PI * random(), bend = () => 0.0006 * (random() - 0.5);
      const line = [[10 + 0.002 * Math.cos(a), 50 + 0.002 * Math.sin(a)], [10 + bend(), 50 + bend()], [10 - 0.002 * Math.cos(a), 50 - 0.002 * Math.sin(a)]];
      const pieces = cut(shape, line);
      const whole = area({ coordinates: [shape.coordinates] }), sum = pieces.reduce((s, g) => s + area(g), 0);
      if (pieces.length < 2 || Math.abs(sum / whole - 1) > 2e-3) return `cut ${k}: ${pieces.length} pieces, ${sum / whole} of the area`;
      const again = pieces.slice(1).reduce((all, g) => join(all, g).geometry, pieces[0]);
      if (Math.abs(area(again) / whole - 1) > 2e-3) return `join ${k}: ${area(again) / whole} of the area`;
      cuts += pieces.length;
    }
    return cuts < 400 ? `only ${cuts} pieces` : '';
  });
  assert.equal(bad, '');
});

await step('datums as the server has them', async () => {
  // What geo.GCJ02 and geo.BD09 give for 116.4, 39.9.
  const shown = await page.evaluate(async () => {
    const { fromWGS84 } = await import('./datum.js');
    return ['wgs84', 'gcj02', 'bd09'].map((d) => fromWGS84(d, [116.4, 39.9]).map((v) => v.toFixed(9)).join(' '));
  });
  assert.deepEqual(shown, ['116.400000000 39.900000000', '116.406242785 39.901403530', '116.412628029 39.907733782']);
});

await step('narrow and dark', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 400, height: 800 });
  await open(`#q=school&map=17/${lat}/${lon}`);
  await page.waitForSelector('#found .rows button');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 400));
  assert.ok((await page.locator('.leaflet-control-attribution').boundingBox()).y < 800);
  await shot('narrow');
});
await browser.close();
