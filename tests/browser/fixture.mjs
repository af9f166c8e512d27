// SPDX-License-Identifier: Apache-2.0
// The stage the tests play on: one server, one browser, and what each test brought along.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Camera, Server } from './programs.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Who is signed in? 401 means nobody. How far is the stream? 404 means that nobody asked for it yet. */
const ALWAYS = [/status of 401 .*\/v2\/session$/, /status of 404 .*\/v2\/streams\/[^/]+$/];

export class Stage {
	static async open() {
		const stage = new Stage();
		stage.folder = mkdtempSync(join(tmpdir(), 'vigil-browser-'));
		stage.server = new Server(stage.folder);
		stage.contexts = [];
		stage.cameras = [];
		stage.faults = [];
		stage.expected = [...ALWAYS];
		stage.made = 0;
		try {
			await stage.server.start();
			// launch() makes a new, empty profile folder and removes it at the end.
			stage.browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
		} catch (error) {
			await stage.close();
			throw error;
		}
		return stage;
	}

	/**
	 * A page in its own profile, not signed in. A script error, a violation of the page's policy and every line that
	 * the console prints as an error fail the test, but for what it expects().
	 */
	async page(options = {}) {
		const context = await this.browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
		context.setDefaultTimeout(20000);
		this.contexts.push(context);
		const page = await context.newPage();
		page.on('pageerror', (error) => this.faults.push(`script error: ${error.message}`));
		page.on('console', (message) => {
			const said = `${message.text()} ${message.location().url}`;
			if (message.type() !== 'error' && !/Content Security Policy/i.test(said)) return;
			if (!this.expected.some((pattern) => pattern.test(said))) this.faults.push(said);
		});
		return page;
	}

	/** The browser prints a line for every answer that is an error: those that belong to the test. */
	expects(...patterns) {
		this.expected.push(...patterns);
	}

	/** `prepare` may change what the browser can do before the console sees it. */
	async signedIn(options, prepare = () => undefined) {
		const page = await this.page(options);
		await prepare(page);
		await page.goto(await this.server.signInLink());
		await page.waitForSelector('h1:text-is("Devices"), h1:text-is("设备")');
		return page;
	}

	/** Adds a device by the API; its camera is started by the caller, or by camera(). */
	async device(name) {
		const did = `browser-${++this.made}`;
		return this.server.call('POST', '/v2/devices', { did, name, kind: 'camera' });
	}

	actor(device, flags) {
		const camera = new Camera(this.server, device, this.folder, flags);
		this.cameras.push(camera);
		return camera;
	}

	async camera(name, flags) {
		const camera = this.actor(await this.device(name), flags);
		await camera.start();
		return camera;
	}

	/** mpegts.js as the console has it, to be loaded by a page of its own. */
	playerFile() {
		return fileURLToPath(new URL('../../web/node_modules/mpegts.js/dist/mpegts.js', import.meta.url));
	}

	async open(page, device) {
		await page.goto(`${this.server.http}/#/devices/${encodeURIComponent(device.did)}`);
	}

	checkPages() {
		if (this.faults.length) throw new Error(this.faults.join('\n'));
	}

	/** With VIGIL_SHOTS set to a folder, a failed test leaves what its pages showed and the programs logged there. */
	async keepTraces(title) {
		const folder = process.env.VIGIL_SHOTS;
		if (!folder) return;
		mkdirSync(folder, { recursive: true });
		for (const log of readdirSync(this.folder).filter((name) => name.endsWith('.log')))
			copyFileSync(join(this.folder, log), join(folder, log));
		const pages = this.contexts.flatMap((context) => context.pages());
		for (const [number, page] of pages.entries()) {
			const name = `${title.replace(/[^a-z0-9]+/gi, '-')}-${number}.png`;
			await page.screenshot({ path: join(folder, name) }).catch(() => undefined);
		}
	}

	async clear() {
		await Promise.all(this.contexts.map((context) => context.close().catch(() => undefined)));
		await Promise.all(this.cameras.map((camera) => camera.stop()));
		this.contexts = [];
		this.cameras = [];
		this.faults = [];
		this.expected = [...ALWAYS];
	}

	async close() {
		await this.clear();
		await this.browser?.close();
		await this.server.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
