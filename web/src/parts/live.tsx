// SPDX-License-Identifier: Apache-2.0
// One live picture: over it the words for whatever keeps it from moving, under it what is known of its stream.
import { useEffect, useRef, useState } from 'preact/hooks';
import { codecName } from '../live/codecs';
import type { LivePlayer } from '../live/player';
import { numberText, t } from '../text';
import type { Stream } from '../types';
import { Icon } from './icon';
import { useNow } from './hooks';
import { Overlay } from './overlay';
import { useLive } from './use_live';

interface FactsProps {
	player: LivePlayer | null;
	stream: Stream | null;
	roundTripMs: number;
}

function facts({ player, stream, roundTripMs }: FactsProps): { name: string; text: string; why?: string }[] {
	const seen = player?.seen();
	if (!seen) return [];
	const bits = seen.bits ?? stream?.bits_per_second;
	const behind = seen.ahead + roundTripMs / 2000;
	return [
		{ name: 'codec', text: stream?.video ? codecName(stream.video.codec) : '' },
		{ name: 'audio', text: stream?.audio ? codecName(stream.audio.codec) : '' },
		{ name: 'size', text: seen.width ? `${seen.width} × ${seen.height}` : '' },
		{ name: 'rate', text: bits ? t('facts.rate', { n: numberText(bits / 1000) }) : '' },
		{ name: 'behind', why: t('facts.behind.why'),
			text: seen.way === 'flv' ? t('facts.behind', { n: numberText(behind, 1) }) : t('facts.hls') },
		{ name: 'viewers', text: stream ? t('facts.viewers', { n: stream.viewers }) : '' },
	].filter((fact) => fact.text);
}

function LiveFacts(props: FactsProps) {
	useNow(1000);
	return (
		<ul class="live-facts" aria-label={t('facts.label')}>
			{facts(props).map((fact) => <li key={fact.name} data-fact={fact.name} title={fact.why}>{fact.text}</li>)}
			{props.stream?.shed && <li class="warn">{t('facts.shed')}</li>}
		</ul>
	);
}

export function LivePicture(props: { name: string; did: string; token?: string; onlineSince?: string | null }) {
	const box = useRef<HTMLDivElement>(null);
	const { video, player, live, stream, roundTripMs } = useLive(props.did, props.token);
	const [muted, setMuted] = useState(true);
	const isPlaying = live.phase === 'playing';
	useEffect(() => {
		if (props.onlineSince) player.current?.online();
	}, [props.onlineSince]);

	function full() {
		if (document.fullscreenElement) void document.exitFullscreen();
		else void box.current?.requestFullscreen?.().catch(() => undefined);
	}
	return (
		<div class="live" ref={box} data-phase={live.phase}>
			<video ref={video} muted={muted} autoplay playsInline aria-label={t('live.label', { name: props.name })} />
			<div role="status"><Overlay live={live} stream={stream} onRetry={() => player.current?.retry()} /></div>
			<div class="bar">
				{isPlaying && <span class="badge on-air">{t('live.live')}</span>}
				{isPlaying && live.firstFrameMs !== null &&
					<span class="first-frame">{t('live.first', { n: Math.round(live.firstFrameMs) })}</span>}
				<span class="grow" />
				<button type="button" class="icon" aria-pressed={!muted} onClick={() => setMuted(!muted)}
					aria-label={muted ? t('live.unmute') : t('live.mute')} title={muted ? t('live.unmute') : t('live.mute')}>
					<Icon name={muted ? 'mute' : 'sound'} />
				</button>
				<button type="button" class="icon" onClick={full} aria-label={t('live.full')} title={t('live.full')}>
					<Icon name="full" />
				</button>
			</div>
			<LiveFacts player={isPlaying ? player.current : null} stream={isPlaying ? stream : null} roundTripMs={roundTripMs} />
		</div>
	);
}
