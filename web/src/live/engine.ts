// SPDX-License-Identifier: Apache-2.0
// Two ways to bring a stream into a <video>: FLV over a WebSocket by mpegts.js, or HLS by the browser itself.
import mpegts from 'mpegts.js';
import { problemFrom } from '../api';
import { liveAddress, playlistAddress } from '../route';
import { supportedCodecs } from './codecs';
import { socketLoader } from './loader';
import { stageOfProblem, type Stage } from './stage';

export interface Source {
	key: string;
	token?: string | undefined;
	/** A recording at four times its speed has four times the sound, which no player can place: pictures only. */
	isSilent?: boolean;
}

export interface EngineEvents {
	onClosed: (code: number) => void;
	onFailed: (stage: Stage) => void;
	onBytes: (count: number) => void;
}

export interface Engine {
	destroy: () => void;
}

/** flv where the browser lets a script feed it, hls where it plays a playlist alone (phones), else nothing. */
export function wayFor(video: HTMLVideoElement): 'flv' | 'hls' | null {
	if (mpegts.isSupported()) return 'flv';
	return video.canPlayType('application/vnd.apple.mpegurl') ? 'hls' : null;
}

/** mpegts.js learned AV1 and Opus with 1.8. */
function unknownToPlayer(): string[] {
	const [major = 0, minor = 0] = mpegts.version.replace(/^v/, '').split('.').map(Number);
	return major > 1 || minor >= 8 ? [] : ['av01', 'opus'];
}

export function showable(): string {
	return supportedCodecs((type) => MediaSource.isTypeSupported(type), unknownToPlayer());
}

export function flvEngine(video: HTMLVideoElement, source: Source, events: EngineEvents): Engine {
	const url = liveAddress(location.origin, source.key, { token: source.token, codecs: showable() });
	let isOver = false;
	const player = mpegts.createPlayer(
		{ type: 'flv', isLive: true, url, ...(source.isSilent ? { hasAudio: false } : {}) },
		{
			customLoader: socketLoader((code) => isOver || events.onClosed(code), events.onBytes) as never,
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
		if (isOver) return;
		const codec = detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED ||
			more?.code === DOMException.NOT_SUPPORTED_ERR;
		events.onFailed(codec ? 'codec-unsupported' : 'stalled');
	});
	player.attachMediaElement(video);
	player.load();
	return {
		destroy: () => {
			isOver = true;
			player.destroy();
		},
	};
}

/** Why there is no playlist: its problem, or that it is there after all and the media was at fault. */
async function playlistStage(url: string): Promise<Stage> {
	const answer = await fetch(url, { cache: 'no-store' });
	if (answer.ok) return 'stalled';
	return stageOfProblem(problemFrom(answer.status, await answer.json().catch(() => null)));
}

export function hlsEngine(video: HTMLVideoElement, source: Source, events: EngineEvents): Engine {
	const url = playlistAddress(location.origin, source.key, { token: source.token });
	let isOver = false;
	const failed = () => {
		playlistStage(url).catch((): Stage => 'server-away').then((stage) => {
			if (!isOver) events.onFailed(stage);
		});
	};
	const ended = () => events.onFailed('ended');
	video.addEventListener('error', failed);
	video.addEventListener('ended', ended);
	video.src = url;
	video.load();
	return {
		destroy: () => {
			isOver = true;
			video.removeEventListener('error', failed);
			video.removeEventListener('ended', ended);
			video.removeAttribute('src');
			video.load();
		},
	};
}
