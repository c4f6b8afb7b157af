// Package story tells what a whole cluster does, as tests with domain verbs: a real API server on a real store, the real
// controllers and scheduler, and kubelets with simulated runtimes, all inside the test's process.
//
//	h := story.Start(t, 2)
//	h.Apply(deployment("web", 3))
//	h.Eventually(h.PodsReady("app=web", 3))
//
// What needs containers is told by the sessions in test/sessions instead.
package story
