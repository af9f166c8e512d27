// SPDX-License-Identifier: Apache-2.0
// A player for a component's <video>, and what the server says of its stream meanwhile.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import type { Source } from '../live/engine';
import { idle, type Live } from '../live/machine';
import { LivePlayer, type PlayerOptions } from '../live/player';
import type { Stream } from '../types';

const LOADING_MS = 300;
const PLAYING_MS = 2000;
/** Sixteen at once ask less often, and only while they load. */
const TILE_MS = 1000;
/** The answer says more than a close code when these stopped the picture. */
const TOLD = ['codec-unsupported', 'device-refused'];

function pollMs(live: Live, isTile: boolean): number | null {
	if (live.phase === 'connecting') return isTile ? TILE_MS : LOADING_MS;
	if (live.phase === 'playing') return isTile ? null : PLAYING_MS;
	return live.stage && TOLD.includes(live.stage) ? 10 * PLAYING_MS : null;
}

export interface Told {
	stream: Stream | null;
	roundTripMs: number;
}

/** Reads a stream of /v2/streams again and again; null `everyMs` rests. Where there is none, nothing is told. */
function useStream(source: Source, everyMs: number | null): Told {
	const [told, setTold] = useState<Told>({ stream: null, roundTripMs: 0 });
	useEffect(() => setTold({ stream: null, roundTripMs: 0 }), [source]);
	useEffect(() => {
		if (everyMs === null) return undefined;
		let alive = true;
		let timer: ReturnType<typeof setTimeout>;
		async function ask(wait: number) {
			const began = performance.now();
			const stream = document.hidden ? null : await api.stream(source.key, source.token).catch(() => null);
			if (!alive) return;
			if (stream) setTold({ stream, roundTripMs: performance.now() - began });
			timer = setTimeout(() => void ask(wait), wait);
		}
		timer = setTimeout(() => void ask(everyMs), LOADING_MS);
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, [source, everyMs]);
	return told;
}

interface LiveOptions extends PlayerOptions {
	isSilent?: boolean;
	/** One of many: its stage is told less often, and no facts. */
	isTile?: boolean;
}

export function useLive(key: string, token?: string, options: LiveOptions = {}) {
	const { isSilent = false, isTile = false } = options;
	const source = useMemo<Source>(() => ({ key, token, isSilent }), [key, token, isSilent]);
	const video = useRef<HTMLVideoElement>(null);
	const player = useRef<LivePlayer | null>(null);
	const [live, setLive] = useState<Live>(idle);
	useEffect(() => {
		if (!video.current) return undefined;
		const made = new LivePlayer(video.current, source, setLive, options);
		player.current = made;
		made.start();
		return () => {
			player.current = null;
			made.stop();
		};
	}, [source]);
	const told = useStream(source, pollMs(live, isTile));
	return { video, player, live, ...told };
}
