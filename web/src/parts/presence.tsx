// SPDX-License-Identifier: Apache-2.0
// Whether a device is there: a dot and the words, never the colour alone.
import { ago, clock, t } from '../text';
import type { Presence as PresenceOf } from '../types';

export function presenceWords(presence: PresenceOf, now: number): string {
	if (presence.online)
		return presence.since ? t('presence.since', { time: clock(presence.since, now) }) : t('presence.online');
	if (presence.state === 'never') return t('presence.never');
	const seen = presence.last_seen
		? t('presence.seen', { time: ago(presence.last_seen, now) }) : t('presence.offline');
	return presence.reason ? `${seen} · ${presence.reason}` : seen;
}

export function Presence(props: { presence: PresenceOf; now: number }) {
	const { presence } = props;
	const state = presence.online ? 'online' : presence.state === 'never' ? 'never' : 'offline';
	return (
		<span class={`presence ${state}`}>
			<span class="dot" aria-hidden="true" />
			<span class="state">{t(`presence.${state}`)}</span>
			{state !== 'never' && <span class="words">{presenceWords(presence, props.now)}</span>}
			{presence.weak_sign &&
				<span class="badge warn" title={t('presence.weak.why')}>{t('presence.weak')}</span>}
		</span>
	);
}
