// Package dashboard looks at the dashboard as a person does: in a real browser, without a window, at a real API server with
// simulated nodes. It is skipped where there is no Chromium.
package dashboard
