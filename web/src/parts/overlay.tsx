// SPDX-License-Identifier: Apache-2.0
// What lies over a picture that does not move: which stage it is at, for how long, or what stopped it and what helps.
import { codecName } from '../live/codecs';
import type { Live } from '../live/machine';
import { t, type Key } from '../text';
import type { Stream } from '../types';
import { useNow } from './hooks';

/** The stage of a picture that loads, in words. */
export function waitText(stream: Stream | null): string {
	return stream ? t(`wait.${stream.stage}`) : t('wait.none');
}

function Elapsed(props: { since: number }) {
	useNow(100);
	const seconds = Math.max(0, performance.now() - props.since) / 1000;
	return <span class="elapsed" aria-hidden="true">{t('wait.seconds', { n: seconds.toFixed(1) })}</span>;
}

function Loading(props: { live: Live; stream: Stream | null }) {
	return (
		<div class="overlay" data-wait={props.stream?.stage ?? 'none'}>
			<span class="spinner" aria-hidden="true" />
			<p>{waitText(props.stream)}</p>
			<Elapsed since={props.live.startedMs} />
		</div>
	);
}

/** What the server knows beyond the stage's name. */
function told(live: Live, stream: Stream | null): string {
	if (live.stage === 'codec-unsupported' && stream?.video)
		return t('facts.sends', { codec: codecName(stream.video.codec) });
	return live.stage === 'device-refused' ? stream?.stage_text ?? '' : '';
}

function Countdown(props: { live: Live; stream: Stream | null }) {
	useNow(500);
	const { live } = props;
	if (live.phase === 'connecting') return <>{waitText(props.stream)}</>;
	if (live.retryAtMs === null) return <>{'\u00a0'}</>;
	return <>{t('live.waiting', { n: Math.max(0, Math.ceil((live.retryAtMs - performance.now()) / 1000)) })}</>;
}

export function Overlay(props: { live: Live; stream: Stream | null; onRetry: () => void }) {
	const { live, stream } = props;
	if (live.phase === 'playing') return null;
	if (live.phase === 'paused') return <div class="overlay"><p>{t('live.paused')}</p></div>;
	if (!live.stage) return <Loading live={live} stream={stream} />;
	const more = told(live, stream);
	return (
		<div class="overlay" data-stage={live.stage}>
			<p class="stage">{t(`stage.${live.stage}`)}</p>
			{more && <p class="told">{more}</p>}
			<p>{t(`stage.${live.stage}.help` as Key)}</p>
			<button type="button" disabled={live.phase === 'connecting'} onClick={props.onRetry}>{t('app.retry')}</button>
			<p class="faint" aria-hidden="true"><Countdown live={live} stream={stream} /></p>
		</div>
	);
}
