// SPDX-License-Identifier: Apache-2.0
// The picture, and over it the words for whatever keeps it from moving.
import { useEffect, useRef, useState } from 'preact/hooks';
import { idle, type Live as LiveState } from '../live/machine';
import { LivePlayer } from '../live/player';
import { t, type Key } from '../text';
import { Icon } from './icon';
import { useNow } from './hooks';

function Overlay(props: { live: LiveState; onRetry: () => void }) {
	useNow(500);
	const { live } = props;
	if (live.phase === 'playing') return null;
	if (live.phase === 'paused') return <div class="overlay"><p>{t('live.paused')}</p></div>;
	if (!live.stage)
		return <div class="overlay"><span class="spinner" aria-hidden="true" /><p>{t('live.connecting')}</p></div>;
	const left = live.retryAtMs === null ? null : Math.max(0, Math.ceil((live.retryAtMs - performance.now()) / 1000));
	return (
		<div class="overlay" data-stage={live.stage}>
			<p class="stage">{t(`stage.${live.stage}`)}</p>
			<p>{t(`stage.${live.stage}.help` as Key)}</p>
			<button type="button" disabled={live.phase === 'connecting'} onClick={props.onRetry}>{t('app.retry')}</button>
			<p class="faint" aria-hidden="true">{left === null ? '\u00a0' : t('live.waiting', { n: left })}</p>
		</div>
	);
}

export function LivePicture(props: { name: string; url: string; onlineSince?: string | null }) {
	const box = useRef<HTMLDivElement>(null);
	const video = useRef<HTMLVideoElement>(null);
	const player = useRef<LivePlayer | null>(null);
	const [live, setLive] = useState<LiveState>(idle);
	const [muted, setMuted] = useState(true);

	useEffect(() => {
		if (!video.current) return undefined;
		const made = new LivePlayer(video.current, props.url, setLive);
		player.current = made;
		made.start();
		return () => made.stop();
	}, [props.url]);
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
			<div role="status"><Overlay live={live} onRetry={() => player.current?.retry()} /></div>
			<div class="bar">
				{live.phase === 'playing' && <span class="badge on-air">{t('live.live')}</span>}
				{live.phase === 'playing' && live.firstFrameMs !== null &&
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
		</div>
	);
}
