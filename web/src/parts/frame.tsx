// SPDX-License-Identifier: Apache-2.0
// What stands around every page: the name, the language, the way out, and a line when the server is away.
import type { ComponentChildren } from 'preact';
import type { FeedState } from '../events';
import { language, setLanguage, t } from '../text';
import { Icon, Mark } from './icon';

export function LanguageSwitch() {
	return (
		<button type="button" class="quiet" lang={language() === 'en' ? 'zh' : 'en'}
			aria-label={t('app.language.label')}
			onClick={() => setLanguage(language() === 'en' ? 'zh' : 'en')}>
			{t('app.language')}
		</button>
	);
}

export function Frame(props: { state?: FeedState; onSignOut?: () => void; children: ComponentChildren }) {
	return (
		<>
			<header class="top">
				<a class="brand" href="#/devices"><Mark />{t('app.name')}</a>
				<span class="grow" />
				<LanguageSwitch />
				{props.onSignOut &&
					<button type="button" class="quiet" onClick={props.onSignOut}>
						<Icon name="out" /><span class="wide">{t('sign.out')}</span>
					</button>}
			</header>
			<div role="status" class="banners">
				{props.state === 'away' && <p class="banner warn">{t('app.away')}</p>}
				{props.state === 'polling' && <p class="banner">{t('app.polling')}</p>}
			</div>
			<main>{props.children}</main>
		</>
	);
}
