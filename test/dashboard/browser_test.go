package dashboard

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	logs "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"kubelite/client"
	"kubelite/dashboard"
	"kubelite/test/story"
)

var update = flag.Bool("update", false, "write the picture of the README")

// browser is a person at the page.
type browser struct {
	t     *testing.T
	ctx   context.Context
	shots string // where pictures go

	mu       sync.Mutex
	mistakes []string // of the page: exceptions, and what the browser complains of
	dropped  bool     // the browser has dropped something that it was loading; see networkChanged
}

// chromium finds the browser, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed: nobody looks at the page")
	return ""
}

// visit opens the dashboard of a cluster, and waits until it shows something.
func visit(t *testing.T, h *story.Harness) *browser {
	t.Helper()
	b := visitAs(t, h, func(*client.Config) {})
	b.until(`document.querySelector("#connection")?.dataset.state === "live"`)
	return b
}

// visitAs opens it for somebody.
func visitAs(t *testing.T, h *story.Harness, as func(*client.Config)) *browser {
	t.Helper()
	path := chromium(t)
	cfg, err := client.LoadKubeconfig(h.Kubeconfig(), "")
	require.NoError(t, err)
	cfg.Agent, cfg.FailFast = "dashboard", true
	as(cfg)
	c, err := client.New(cfg)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, err := dashboard.New(dashboard.Config{Client: c, Context: "story"}, l.Addr())
	require.NoError(t, err)
	serving, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(serving, l) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1440, 900))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, leave := chromedp.NewContext(allocator)
	t.Cleanup(leave)
	b := &browser{t: t, ctx: ctx, shots: t.TempDir()}
	if dir := os.Getenv("KUBELITE_SHOTS"); dir != "" {
		b.shots = dir
	}
	require.NoError(t, chromedp.Do(ctx)) // starts the browser
	require.NoError(t, chromedp.Listen(ctx, b.listen))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.mistakes, "the browser complains")
	})
	_, err = chromedp.Call(ctx, logs.Enable, cdp.Empty{})
	require.NoError(t, err)
	b.do(chromedp.EmulateViewport(1440, 900))
	b.enter(server)
	return b
}

// enter opens the link, and loads the page again, as a person does, when the browser has dropped part of it.
func (b *browser) enter(server *dashboard.Server) {
	b.t.Helper()
	err := chromedp.Do(b.ctx, chromedp.Navigate(server.Link()))
	for err != nil && strings.Contains(err.Error(), networkChanged) {
		err = chromedp.Do(b.ctx, chromedp.Navigate(server.Link()))
	}
	require.NoError(b.t, err)
	const begun = `document.querySelector("#where")?.textContent`
	for looks := 1; ; looks++ {
		is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+begun+")"))
		if err == nil && is {
			return
		}
		b.mu.Lock()
		dropped := b.dropped
		b.mu.Unlock()
		if looks%100 == 0 && dropped {
			_ = chromedp.Do(b.ctx, chromedp.Reload()) // if it fails there is another look
		}
		if looks == 3000 {
			b.fail("the page did not begin: %v", err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// networkChanged is how Chromium drops what it is loading, when an address of the machine changes: as Docker's networks come
// and go in other tests. The page has to live with that.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// listen keeps what goes wrong in the page. For what the API server refuses the page has words.
func (b *browser) listen(event any) {
	var text string
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		text = event.ExceptionDetails.Text
		if e := event.ExceptionDetails.Exception; e != nil {
			text += ": " + e.Description
		}
	case *logs.EventEntryAdded:
		if strings.Contains(event.Entry.Text, networkChanged) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.dropped = true
			return
		}
		if event.Entry.Level != logs.EntryLevelError || strings.Contains(event.Entry.Text, "responded with a status of") {
			return
		}
		text = event.Entry.Text + " " + event.Entry.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mistakes = append(b.mistakes, text)
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.fail("%v", err)
	}
}

// fail ends the test with a picture of what the person saw.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	if picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot()); err == nil {
		file := filepath.Join(os.TempDir(), "kubelite-dashboard-failure.png")
		if os.WriteFile(file, picture, 0o600) == nil {
			b.t.Logf("what was to be seen is in %s", file)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Logf("the browser complains: %q", b.mistakes)
	b.t.Fatalf(format, args...)
}

// until waits until an expression of JavaScript is true, a minute at most.
func (b *browser) until(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && is {
			return
		}
		if time.Now().After(deadline) {
			b.fail("never came to be: %s (%v)", expression, err) // an error: the page was being left
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// ask evaluates an expression of JavaScript.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail("%s: %v", expression, err)
	}
	return answer
}

// eval is an expression of JavaScript that is evaluated for what it does.
func eval(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](expression)
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector))
}

// press types keys, as if the page had the focus.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// open goes to an object.
func (b *browser) open(ref, tab string) {
	b.t.Helper()
	b.do(eval(fmt.Sprintf("location.hash = %q", ref+"?"+tab)))
	b.until(fmt.Sprintf(`document.querySelector("#tab-%s")?.ariaSelected === "true" && !document.querySelector("#panel").hidden`, tab))
}

// shoot makes a picture.
func (b *browser) shoot(name string) []byte {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(b.shots, name+".png"), picture, 0o600))
	return picture
}

// prefers sets what the person's system says: light or dark, how much motion.
func (b *browser) prefers(colours, motion string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: motion},
	}})
	require.NoError(b.t, err)
}
