package dashboard

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/test/story"
)

// podSpec runs an image, and asks for so much CPU.
func podSpec(image, cpu string) api.PodSpec {
	return api.PodSpec{Containers: []api.Container{{
		Name: "app", Image: image, Resources: api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse(cpu), api.ResourceMemory: api.MustParse("64Mi")}},
	}}}
}

// deployment runs so many pods of an image.
func deployment(name string, replicas int32, image string) *api.Deployment {
	labels := map[string]string{"app": name}
	return &api.Deployment{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.DeploymentSpec{
			Replicas: &replicas, Selector: &api.LabelSelector{MatchLabels: labels},
			Template: api.PodTemplateSpec{ObjectMeta: api.ObjectMeta{Labels: labels}, Spec: podSpec(image, "20m")},
		},
	}
}

func service(name string) *api.Service {
	return &api.Service{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceSpec{Selector: map[string]string{"app": name}, Ports: []api.ServicePort{{Port: 80, TargetPort: api.FromInt(8080)}}}}
}

// boxes is how many pods there are in a state.
func boxes(state string) string {
	return fmt.Sprintf(`document.querySelectorAll('.nodes .pod[data-state="%s"]').length`, state)
}

// says tells whether an element holds a text.
func says(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text)
}

// TestRollout sees a rollout as it goes, and goes back to how it was before.
func TestRollout(t *testing.T) {
	h := story.Start(t, 3)
	b := visit(t, h)
	require.Contains(t, ask[string](b, `document.querySelector("#where").textContent`), "story as kubernetes-admin")
	require.NotContains(t, ask[string](b, `location.href`), "token", "the link has been used, and is not kept")

	b.until(`document.querySelector(".write")`)
	b.do(eval(`window.dots = new Set(); new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach((n) => dots.add(n.className)))).observe(document.querySelector(".air"), {childList: true})`))
	story.Apply(h, deployment("web", 6, "web:v1"))
	b.until(boxes("ready") + " === 6")
	b.until(says(".tree .row", "6/6"))
	b.until(`document.querySelector('.actor[data-actor="controllers/replicaset"]') && document.querySelector('.actor[data-actor="scheduler"]') && document.querySelector('.actor[data-actor="kubelet/n3"]')`)
	b.until(says(".write", "6 wanted, 0 exist: create 6"))
	b.until(`dots.has("dot wrote") && dots.has("dot heard")`)
	before, revision := ask[string](b, names), b.seesPods(h)

	story.Apply(h, deployment("web", 6, "web:v2"))
	b.until(`document.querySelectorAll('.tree [data-ref^="replicasets.apps/"]').length === 2`)
	h.Eventually(h.PodsReady("app=web", 6))
	b.until(boxes("ready") + " === 6 && document.querySelectorAll('.nodes .pod').length === 6")
	after := ask[string](b, names)
	require.NotEqual(t, before, after)

	// Who wants less motion sees no dots.
	b.prefers("light", "reduce")
	b.do(eval(`dots.clear()`))
	story.Apply(h, deployment("web", 7, "web:v2"))
	b.until(boxes("ready") + " === 7")
	b.until(says("#announce", "Deployment web: 7/7 ready"))
	b.seesPods(h)
	require.True(t, ask[bool](b, `dots.size === 0`))
	b.prefers("light", "no-preference")

	// The past is what was there, and nothing that happens since then shows in it.
	b.do(eval(fmt.Sprintf(`{ const slider = document.querySelector("#time input"); slider.value = %d; slider.dispatchEvent(new Event("input")) }`, revision)))
	b.until(`document.body.hasAttribute("data-past")`)
	b.until(fmt.Sprintf("%s === %q", names, before))
	b.until(says("#time output", fmt.Sprintf("revision %d,", revision)))
	story.Apply(h, deployment("web", 5, "web:v2"))
	h.Eventually(h.PodsReady("app=web", 5))
	require.Equal(t, before, ask[string](b, names))
	b.shoot("rewound")
	b.press(",")
	b.until(fmt.Sprintf(`Number(document.querySelector("#time input").value) < %d`, revision))
	b.press("l")
	b.until(boxes("ready") + ` === 5 && !document.body.hasAttribute("data-past")`)
}

// seesPods waits until the page knows of the last write to a pod, and returns its revision.
func (b *browser) seesPods(h *story.Harness) (revision int) {
	b.t.Helper()
	for _, pod := range h.Pods("app=web") {
		written, err := strconv.Atoi(pod.ResourceVersion)
		require.NoError(b.t, err)
		revision = max(revision, written)
	}
	b.until(fmt.Sprintf(`Number(document.querySelector("#time input").max) >= %d`, revision))
	return revision
}

// names are those of the pods in sight.
const names = `[...document.querySelectorAll(".nodes .pod-name")].map((e) => e.textContent).sort().join()`

// TestObject opens objects: why they are, YAML, events, logs, history.
func TestObject(t *testing.T) {
	h := story.Start(t, 2)
	story.Apply(h, deployment("web", 2, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 2))
	story.Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "too-big"}, Spec: podSpec("big:v1", "1k")})
	story.Apply(h, &api.Secret{ObjectMeta: api.ObjectMeta{Name: "login"}, Data: map[string][]byte{"password": []byte("guess me")}})
	b := visit(t, h)
	pod := h.Pods("app=web")[0].Name

	// A click opens a pod; from a person, through two controllers, to it.
	b.click(`.pod[data-ref="pods/default/` + pod + `"]`)
	b.until(says(".panel h2", pod))
	b.until(`document.querySelectorAll(".picture .box").length >= 5`)
	for _, step := range []string{"kubernetes-admin: create", "deployment: create", "replicaset: create", "scheduler: create binding"} {
		require.True(t, ask[bool](b, says(".picture .box .title", step)), step)
	}
	b.until(`document.querySelector('.pod[aria-current="true"]').dataset.ref.endsWith(` + fmt.Sprintf("%q", pod) + `)`)
	b.do(eval(`[...document.querySelectorAll(".picture .box")].find((e) => e.textContent.includes("binding")).focus()`))
	b.press(kb.Enter)
	b.until(`document.querySelector(".fact .scores .chosen")`)

	// The pending pod: what each node lacks.
	b.open("pods/default/too-big", "why")
	b.until(says(".waits-for", "0/2 nodes are available: 2 Insufficient cpu."))
	b.until(`document.querySelectorAll(".waits-for .rejected").length === 2`)
	b.shoot("pending")

	b.open("pods/default/"+pod, "yaml")
	b.until(says(".yaml", "image: web:v1"))
	require.False(t, ask[bool](b, says(".yaml", "managedFields")))
	b.open("pods/default/"+pod, "events")
	b.until(says(".plain td", "Scheduled"))
	b.open("pods/default/"+pod, "logs")
	b.until(says(".logs", "simulated container"))
	b.open("deployments.apps/default/web", "history")
	b.until(`document.querySelectorAll(".history > li").length > 1`)
	b.click(".history > li:first-child summary")
	b.until(`document.querySelector('.history [data-sign="+"]')`)

	// Values of a secret are shown to who asks for them.
	b.open("secrets/default/login", "yaml")
	b.until(says(".yaml", "password: '***'"))
	require.False(t, ask[bool](b, `document.body.innerHTML.includes("Z3Vlc3MgbWU=")`))
	b.click(".tab-body .quiet")
	b.until(says(".yaml", "password: Z3Vlc3MgbWU="))
	b.press(kb.Escape)
	b.until(`document.querySelector("#panel").hidden`)
}

// TestTables looks at the scheduler's table and at the way of a packet.
func TestTables(t *testing.T) {
	h := story.Start(t, 3)
	story.Apply(h, deployment("web", 3, "web:v1"))
	story.Apply(h, service("web"))
	h.Eventually(h.PodsReady("app=web", 3))
	b := visit(t, h)
	b.press("2")
	b.until(`document.querySelectorAll(".attempts li").length === 3`)
	b.until(`document.querySelectorAll(".scores tbody tr").length === 3 && document.querySelectorAll(".scores .chosen").length === 1`)
	require.True(t, ask[bool](b, `document.querySelectorAll(".scores thead th").length > 3`), "a column for each plugin")
	b.prefers("dark", "no-preference")
	b.shoot("scheduler-dark")
	b.press("3")
	b.until(says(".path .box .title", "web.default"))
	b.until(`document.querySelectorAll('.path .box[data-tone="ready"]').length === 3`)
	require.True(t, ask[bool](b, says(".path .box", "one of 3, by chance")))
	b.shoot("services-dark")
}

// TestPauseAndStep holds a controller back and lets its writes go one by one.
func TestPauseAndStep(t *testing.T) {
	h := story.Start(t, 1)
	story.Apply(h, deployment("web", 1, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 1))
	b := visit(t, h)
	pause := `[data-actor="controllers/replicaset"] .hold`
	b.until(fmt.Sprintf("document.querySelector('%s')", pause))
	b.click(pause)
	b.until(fmt.Sprintf(`document.querySelector('%s').ariaPressed === "true"`, pause))
	b.until(says(".paused-list", "replicaset-controller"))

	story.Apply(h, deployment("web", 2, "web:v1"))
	b.until(`document.querySelectorAll(".held > li").length > 0`)
	b.until(says(".held", "replicaset-controller wants to create pods default/web-"))
	require.True(t, ask[bool](b, says(".held .reason", "2 wanted, 1 exist: create 1")))
	b.until(says("#announce", "Held: replicaset-controller wants to create pods"))
	require.Len(t, h.Pods("app=web"), 1, "it has not happened")
	b.shoot("held")
	b.press("s")
	b.until("document.querySelectorAll('.nodes .pod').length === 2")

	// Then everything goes on, and everything is held.
	b.press("p")
	b.until(`document.querySelector(".pause").ariaPressed === "false" && document.querySelectorAll(".held > li").length === 0`)
	h.Eventually(h.PodsReady("app=web", 2))
	b.press("p")
	b.until(says(".paused-list", "controllers") + " && " + says(".paused-list", "scheduler") + " && " + says(".paused-list", "kubelet"))
	b.press("p")
	b.until(`!document.body.hasAttribute("data-paused")`)
}

// TestKeyboard goes about without a mouse, and looks at what a screen reader is told.
func TestKeyboard(t *testing.T) {
	h := story.Start(t, 2)
	story.Apply(h, deployment("web", 4, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 4))
	b := visit(t, h)
	b.until(boxes("ready") + " === 4")

	// The pods are one stop of the Tab key, and arrows move among them.
	require.Equal(t, 1, ask[int](b, `document.querySelectorAll('.nodes .pod[tabindex="0"]').length`))
	b.do(eval(`document.querySelector('.nodes .pod[tabindex="0"]').focus()`))
	first := ask[string](b, `document.activeElement.dataset.ref`)
	b.press(kb.ArrowRight)
	second := ask[string](b, `document.activeElement.dataset.ref`)
	require.NotEqual(t, first, second)
	require.Equal(t, 1, ask[int](b, `document.querySelectorAll('.nodes .pod[tabindex="0"]').length`))
	b.press(kb.Enter)
	b.until(`location.hash.startsWith("#" + ` + fmt.Sprintf("%q", second) + `)`)
	b.until(`document.activeElement.tagName === "H2"`)
	b.press(kb.Escape)
	b.until(`document.querySelector("#panel").hidden`)

	b.until(`document.querySelector('[role=treeitem][data-ref^="replicasets.apps/"]')`)
	b.do(eval(`document.querySelector('[role=treeitem][data-ref="deployments.apps/default/web"]').focus()`))
	b.press(kb.ArrowLeft)
	b.until(`document.activeElement.ariaExpanded === "false"`)
	b.press(kb.ArrowRight)
	b.until(`document.activeElement.ariaExpanded === "true"`)
	b.press(kb.ArrowDown)
	b.until(`document.activeElement.dataset.ref.startsWith("replicasets.apps/")`)

	b.press("/")
	b.until(`document.activeElement.id === "find"`)
	b.press("nothing is called so")
	b.until(`document.querySelectorAll('.nodes .pod[data-found="no"]').length === 4`)

	// Everything that can be pressed has a name, and the picture has words.
	unnamed := ask[[]string](b, `[...document.querySelectorAll("button, input, select, [role=treeitem], [role=tab]")].filter((e) => !e.closest("[hidden]") && !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)`)
	require.Empty(t, unnamed)
	require.True(t, ask[bool](b, `[...document.querySelectorAll(".nodes .pod")].every((e) => /^default\/web-.*: Running, ready$/.test(e.ariaLabel))`))
}

// TestAThousandPods has as many, and asks how long an interaction keeps a person waiting.
func TestAThousandPods(t *testing.T) {
	const nodes, pods = 10, 1000
	h := story.Start(t, nodes)
	b := visit(t, h)
	story.Apply(h, deployment("web", pods, "web:v1"))
	h.Eventually(h.PodsReady("app=web", pods))
	b.until(fmt.Sprintf("%s === %d", boxes("ready"), pods))
	b.shoot("thousand")
	// People open a pod, move about and look for names. An interaction is over with the next frame: the faster quarter says what
	// it takes, since the slower ones have waited for other tests, too. And a page that drew everything anew would touch each pod.
	const measure = `(async () => {
		const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
		const took = {}, touched = {}, find = document.querySelector("#find");
		const observer = new MutationObserver(() => {});
		observer.observe(document.querySelector(".nodes"), {subtree: true, childList: true, attributes: true, characterData: true});
		const quarter = (figures) => figures.sort((a, b) => a - b)[figures.length >> 2];
		const time = async (what, act) => {
			await frame();
			observer.takeRecords();
			const began = performance.now();
			act();
			await frame();
			(took[what] ??= []).push(performance.now() - began);
			(touched[what] ??= []).push(observer.takeRecords().length);
		};
		for (let i = 0; i < 12; i++) {
			const pod = document.querySelectorAll(".nodes .pod")[i * 17];
			await time("open", () => pod.click());
			await time("move", () => { pod.focus(); pod.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true})); });
			await time("find", () => { find.value = "web-" + i; find.dispatchEvent(new Event("input")); });
			await time("view", () => document.querySelector('[data-view="scheduler"]').click());
			await time("back", () => document.querySelector('[data-view="cluster"]').click());
		}
		find.value = ""; find.dispatchEvent(new Event("input"));
		return Object.fromEntries(Object.keys(took).map((what) => [what, {Milliseconds: quarter(took[what]), Touched: quarter(touched[what])}]));
	})()`
	type interaction struct{ Milliseconds, Touched float64 }
	found := ask[map[string]interaction](b, measure)
	t.Logf("until the next frame, with %d pods: %+v", pods, found)
	for _, what := range []string{"open", "move", "view", "back"} {
		require.Contains(t, found, what)
		require.Less(t, found[what].Touched, float64(pods/10), "%s, of %+v", what, found)
	}

	// While they are replaced a person can go on. How fast depends on what else the machine does: here, on all of the cluster.
	story.Apply(h, deployment("web", pods, "web:v2"))
	b.until(`document.querySelectorAll('.tree [data-ref^="replicasets.apps/"]').length === 2`)
	t.Logf("while they are replaced: %+v", ask[map[string]interaction](b, measure))
}

// TestPicture makes the picture of the README.
func TestPicture(t *testing.T) {
	h := story.Start(t, 3)
	b := visit(t, h)
	story.Apply(h, deployment("web", 5, "web:v1"))
	story.Apply(h, deployment("cart", 3, "cart:v1"))
	story.Apply(h, service("web"))
	story.Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "too-big"}, Spec: podSpec("big:v1", "1k")})
	b.until(boxes("ready") + " === 8 && " + boxes("waiting") + " === 1")
	b.open("pods/default/"+h.Pods("app=cart")[0].Name, "why")
	b.until(`document.querySelectorAll(".picture .box").length >= 5`)
	b.prefers("dark", "no-preference")
	b.shoot("cluster-dark")
	b.prefers("light", "no-preference")
	story.Apply(h, deployment("web", 5, "web:v2"))
	b.until(`document.querySelectorAll(".dot").length > 3`)
	picture := smaller(t, b.shoot("cluster"))
	require.Less(t, len(picture), 200<<10)
	if *update {
		require.NoError(t, os.WriteFile("../../docs/images/dashboard.png", picture, 0o644))
	}
}

// smaller keeps the 256 most frequent colours of a picture, and the nearest of them for the rest.
func smaller(t *testing.T, picture []byte) []byte {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	area, counts := decoded.Bounds(), map[color.Color]int{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			counts[decoded.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return counts[b] - counts[a] })
	few := image.NewPaletted(area, colours[:min(len(colours), 256)])
	draw.Draw(few, area, decoded, area.Min, draw.Src)
	var out bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few))
	return out.Bytes()
}

// TestNobody sees what somebody without rights is told.
func TestNobody(t *testing.T) {
	h := story.Start(t, 1)
	b := visitAs(t, h, func(cfg *client.Config) { cfg.As, cfg.AsGroups = "nobody", nil })
	b.until(says("#connection", "connection lost"))
	require.Contains(t, ask[string](b, `document.querySelector("#connection").title`), `User "nobody" cannot watch resource "nodes"`)
	b.until(says(".loglist .problem", "you may not read the ledger"))
	require.True(t, ask[bool](b, `document.querySelector(".gate").hidden`))
}

// TestOneNamespace sees what somebody is shown who may look into one namespace.
func TestOneNamespace(t *testing.T) {
	h := story.Start(t, 1)
	story.Apply(h, &api.RoleBinding{
		ObjectMeta: api.ObjectMeta{Name: "jane"}, Subjects: []api.Subject{{Kind: "User", Name: "jane", APIGroup: "rbac.authorization.k8s.io"}},
		RoleRef: api.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "view"},
	})
	story.Apply(h, deployment("web", 2, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 2))
	b := visitAs(t, h, func(cfg *client.Config) { cfg.As = "jane" })
	b.until(boxes("ready") + " === 2")
	b.until(says(".tree .row", "2/2"))
	b.until(says("#connection", "1 kinds hidden"))
	require.Contains(t, ask[string](b, `document.querySelector("#connection").title`), `cannot watch resource "nodes"`)
}

// TestNoServer sees what is said while no API server answers.
func TestNoServer(t *testing.T) {
	h := story.Start(t, 0)
	b := visitAs(t, h, func(cfg *client.Config) { cfg.Server = "https://127.0.0.1:1" })
	b.until(says("#connection", "connection lost: ") + " && " + says("#connection", "connection refused"))
	b.until(says(".loglist .problem", "the API server does not answer"))
}
