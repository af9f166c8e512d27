// SPDX-License-Identifier: Apache-2.0
// Drives mpegts.js on one <video> by the orders of machine.ts, and reports the state after each change.
import mpegts from 'mpegts.js';
import { socketLoader } from './loader';
import { idle, step, type Live, type LiveEvent } from './machine';

/** Without a new picture for this long while bytes should flow, the connection is made anew. */
const STALL_MS = 8000;
const TICK_MS = 250;

export class LivePlayer {
	private live: Live = idle;
	private player: mpegts.Player | null = null;
	private timer: ReturnType<typeof setInterval> | undefined;
	private lastTime = 0;
	private lastMovedMs = 0;

	constructor(
		private readonly video: HTMLVideoElement,
		private readonly url: string,
		private readonly onChange: (live: Live) => void,
	) {}

	start(): void {
		mpegts.LoggingControl.applyConfig({ enableAll: false });
		this.video.addEventListener('timeupdate', this.moved);
		this.video.addEventListener('loadeddata', this.loaded);
		document.addEventListener('visibilitychange', this.seen);
		this.timer = setInterval(() => this.tick(), TICK_MS);
		if (document.hidden) this.feed({ kind: 'hidden' });
		this.feed({ kind: 'start' });
		if (!mpegts.isSupported()) this.fail('no-support');
	}

	stop(): void {
		clearInterval(this.timer);
		this.video.removeEventListener('timeupdate', this.moved);
		this.video.removeEventListener('loadeddata', this.loaded);
		document.removeEventListener('visibilitychange', this.seen);
		this.feed({ kind: 'stop' });
	}

	retry(): void {
		this.feed({ kind: 'retry' });
	}

	/** The device came on line: no need to wait for the next try. */
	online(): void {
		this.feed({ kind: 'online' });
	}

	private fail(stage: 'stalled' | 'no-support' | 'codec-unsupported'): void {
		this.feed({ kind: 'failed', stage, random: Math.random() });
	}

	private readonly seen = () => this.feed({ kind: document.hidden ? 'hidden' : 'shown' });

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
		if (this.live.phase === 'playing' && !document.hidden && still > STALL_MS) this.fail('stalled');
		// Safari and battery savers pause a live video; it must not stay so when it is looked at again.
		if (this.live.phase === 'playing' && !document.hidden && this.video.paused) this.play();
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
		if (!mpegts.isSupported()) return;
		this.lastTime = this.video.currentTime;
		this.lastMovedMs = performance.now();
		const player = mpegts.createPlayer(
			{ type: 'flv', isLive: true, url: this.url },
			{
				customLoader: socketLoader((code) => {
					if (this.player === player) this.feed({ kind: 'closed', code, random: Math.random() });
				}) as never,
				enableStashBuffer: false,
				liveBufferLatencyChasing: true,
				liveBufferLatencyMaxLatency: 1.5,
				liveBufferLatencyMinRemain: 0.3,
				autoCleanupSourceBuffer: true,
				autoCleanupMaxBackwardDuration: 30,
				autoCleanupMinBackwardDuration: 10,
			},
		);
		player.on(mpegts.Events.ERROR, (_type: unknown, detail: unknown, more?: { code?: number }) => {
			if (this.player !== player) return;
			const codec = detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED ||
				more?.code === DOMException.NOT_SUPPORTED_ERR;
			this.fail(codec ? 'codec-unsupported' : 'stalled');
		});
		this.player = player;
		player.attachMediaElement(this.video);
		player.load();
		this.play();
	}

	private disconnect(): void {
		const player = this.player;
		this.player = null;
		player?.destroy();
	}
}
