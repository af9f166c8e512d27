// SPDX-License-Identifier: Apache-2.0
// Whether a device is there: a dot and the words, never the colour alone.
import { ago, clock, goneText, t } from '../text';
import type { Presence as PresenceOf } from '../types';

/** What is known beyond the state of a device that is away: since when, and why. */
function awayWords(presence: PresenceOf, now: number): string {
	const seen = presence.last_seen ? t('presence.seen', { time: ago(presence.last_seen, now) }) : '';
	const why = presence.reason ? goneText(presence.reason) : '';
	return [seen, why].filter(Boolean).join(' · ');
}

/** `brief` leaves out since when and why. */
export function Presence(props: { presence: PresenceOf; now: number; brief?: boolean }) {
	const { presence } = props;
	const state = presence.online ? 'online' : presence.state === 'never' ? 'never' : 'offline';
	return (
		<span class={`presence ${state}`}>
			<span class="dot" aria-hidden="true" />
			<span class="state">{presence.online && presence.since && !props.brief
				? t('presence.since', { time: clock(presence.since, props.now) }) : t(`presence.${state}`)}</span>
			{state === 'offline' && !props.brief && <span class="words">{awayWords(presence, props.now)}</span>}
			{presence.weak_sign &&
				<span class="badge warn" title={t('presence.weak.why')}>{t('presence.weak')}</span>}
		</span>
	);
}
