// SPDX-License-Identifier: Apache-2.0
// Drives an engine on one <video> by the orders of machine.ts, and reports the state after each change.
import mpegts from 'mpegts.js';
import { flvEngine, hlsEngine, wayFor, type Engine, type Source } from './engine';
import { HIDDEN_MS, idle, step, type Live, type LiveEvent } from './machine';
import { Meter } from './meter';
import type { Stage } from './stage';

/** Without a new picture for this long while bytes should flow, the connection is made anew. */
const STALL_MS = 8000;
const TICK_MS = 250;

export interface PlayerOptions {
	/** How long a picture that nobody sees goes on. */
	hiddenMs?: number;
	/** Nothing is asked for before inView() said that the picture can be seen. */
	isWaiting?: boolean;
}

/** What the player itself sees of its stream. */
export interface Seen {
	way: 'flv' | 'hls' | null;
	bits: number | null;
	width: number;
	height: number;
	/** Seconds that are here and not shown yet. */
	ahead: number;
}

export class LivePlayer {
	private live: Live = idle;
	private engine: Engine | null = null;
	private timer: ReturnType<typeof setInterval> | undefined;
	private lastTime = 0;
	private lastMovedMs = 0;
	private isInView: boolean;
	private isHeld = false;
	private readonly meter = new Meter();
	private readonly way: 'flv' | 'hls' | null;

	constructor(
		private readonly video: HTMLVideoElement,
		private readonly source: Source,
		private readonly onChange: (live: Live) => void,
		private readonly options: PlayerOptions = {},
	) {
		this.way = wayFor(video);
		this.isInView = !options.isWaiting;
	}

	start(): void {
		mpegts.LoggingControl.applyConfig({ enableAll: false });
		this.video.addEventListener('timeupdate', this.moved);
		this.video.addEventListener('loadeddata', this.loaded);
		document.addEventListener('visibilitychange', this.looked);
		this.timer = setInterval(() => this.tick(), TICK_MS);
		this.looked();
		this.feed({ kind: 'start', hiddenMs: this.options.hiddenMs ?? HIDDEN_MS });
		if (!this.way) this.fail('no-support');
	}

	stop(): void {
		clearInterval(this.timer);
		this.video.removeEventListener('timeupdate', this.moved);
		this.video.removeEventListener('loadeddata', this.loaded);
		document.removeEventListener('visibilitychange', this.looked);
		this.feed({ kind: 'stop' });
	}

	retry(): void {
		this.feed({ kind: 'retry' });
	}

	/** The device came on line, or the server is back: no need to wait for the next try. */
	online(): void {
		this.feed({ kind: 'online' });
	}

	/** Whether the place of the picture can be seen; a hidden page is known without being told. */
	inView(isInView: boolean): void {
		this.isInView = isInView;
		this.looked();
	}

	/** A picture that stands still on purpose is neither played nor taken for broken. */
	hold(isHeld: boolean): void {
		this.isHeld = isHeld;
		this.lastMovedMs = performance.now();
	}

	seen(): Seen {
		const { buffered, currentTime, videoWidth, videoHeight } = this.video;
		const end = buffered.length ? buffered.end(buffered.length - 1) : currentTime;
		return {
			way: this.way,
			bits: this.meter.bits(performance.now()),
			width: videoWidth,
			height: videoHeight,
			ahead: Math.max(0, end - currentTime),
		};
	}

	private fail(stage: Stage): void {
		this.feed({ kind: 'failed', stage, random: Math.random() });
	}

	private readonly looked = () =>
		this.feed({ kind: document.hidden || !this.isInView ? 'hidden' : 'shown' });

	private readonly loaded = () => {
		this.lastMovedMs = performance.now();
		this.feed({ kind: 'picture' });
	};

	private readonly moved = () => {
		if (this.video.currentTime === this.lastTime) return;
		this.lastTime = this.video.currentTime;
		this.lastMovedMs = performance.now();
		this.feed({ kind: 'picture' });
	};

	private tick(): void {
		const still = performance.now() - this.lastMovedMs;
		const isWatched = this.live.phase === 'playing' && !document.hidden && !this.isHeld;
		if (isWatched && still > STALL_MS) this.fail('stalled');
		// Safari and battery savers pause a live video; it must not stay so when it is looked at again.
		if (isWatched && this.video.paused) this.play();
		this.feed({ kind: 'tick' });
	}

	private feed(event: LiveEvent): void {
		const before = this.live;
		const { live, orders } = step(before, event, performance.now());
		this.live = live;
		for (const order of orders) {
			if (order === 'connect') this.connect();
			else this.disconnect();
		}
		if (live !== before) this.onChange(live);
	}

	private play(): void {
		this.video.play().catch(() => undefined);
	}

	private connect(): void {
		if (!this.way) return;
		this.lastTime = this.video.currentTime;
		this.lastMovedMs = performance.now();
		this.meter.reset();
		const make = this.way === 'flv' ? flvEngine : hlsEngine;
		this.engine = make(this.video, this.source, {
			onClosed: (code) => this.feed({ kind: 'closed', code, random: Math.random() }),
			onFailed: (stage) => this.fail(stage),
			onBytes: (count) => this.meter.add(count, performance.now()),
		});
		this.play();
	}

	private disconnect(): void {
		const engine = this.engine;
		this.engine = null;
		engine?.destroy();
	}
}
