package dashboard

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The door decides who comes in. Loopback is no protection: every program and every user of the machine reaches it, and so
// does every web site, through the person's own browser. So:
//
//   - a link with a token leads in, once. It is exchanged for a cookie that no script can read and no other site can use. The
//     token is dead when somebody has come in with the cookie: an answer that gets lost on the way locks nobody out;
//   - the Host header must name loopback: a site that lets its name point to 127.0.0.1 (DNS rebinding) is turned away;
//   - a request that another site's page makes (Origin, Sec-Fetch-Site) is turned away, with or without a cookie;
//   - cookies do not know ports, and another server on loopback would be sent ours. So the cookie belongs to a path, too,
//     which nobody else knows.
//
// It speaks plain HTTP, as `kubectl proxy` does: what travels does not leave the machine, and a certificate for it would be
// one that no browser trusts.
type door struct {
	hosts []string // that loopback may be called, with the port
	path  string   // where the dashboard is, "/RANDOM/"

	mu    sync.Mutex
	token string // guarded by mu; empty: somebody has come in by it
	pass  string // guarded by mu; the value of the last cookie that was given. Whoever has an older one is not let in
}

const cookieName = "kubelite-dashboard"

func newDoor(address net.Addr) (*door, error) {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("listen on %v: the dashboard acts as you, and so is served to this machine alone", address)
	}
	d := &door{path: "/" + rand.Text() + "/", token: rand.Text(), pass: rand.Text()}
	// The first is the one in the link.
	for _, host := range []string{tcp.IP.String(), "localhost", "127.0.0.1", "::1"} {
		d.hosts = append(d.hosts, net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
	}
	return d, nil
}

func (d *door) link() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return "http://" + d.hosts[0] + "/?token=" + d.token
}

// guard lets through, to the path of the dashboard, who has been let in.
func (d *door) guard(next http.Handler) http.Handler {
	inside := http.StripPrefix(strings.TrimSuffix(d.path, "/"), next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") // the page has a wider one
		switch {
		case !slices.Contains(d.hosts, r.Host):
			turnAway(w, "this is not the host that you asked for")
		case !fromHere(r):
			turnAway(w, "another site asked for this")
		case r.URL.Path == "/" && r.Method == http.MethodGet:
			d.letIn(w, r)
		case !strings.HasPrefix(r.URL.Path, d.path) || !d.knows(r):
			turnAway(w, `only the browser that opened the link may see this. Run "kubelite dashboard" for a new one`)
		default:
			inside.ServeHTTP(w, r)
		}
	})
}

// fromHere tells whether a request was made by the page, or by a person, and by no other site's page. A browser that does not
// say it of reads still shows their answers to no other site.
func fromHere(r *http.Request) bool {
	switch origin := r.Header.Get("Origin"); {
	case origin != "":
		if origin != "http://"+r.Host {
			return false
		}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return false // browsers always say who changes something
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin" || site == "none" || r.URL.Path == "/" // a link in a chat leads to the last
}

// letIn exchanges the token for a cookie. The page that it leads to is asked for by an answer of our own: were it a redirect
// from a link on another site, a strict cookie would stay behind.
func (d *door) letIn(w http.ResponseWriter, r *http.Request) {
	pass, ok := d.exchange(r.URL.Query().Get("token"))
	if !ok {
		turnAway(w, `this link is not valid, or has been used. Run "kubelite dashboard" for a new one`)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: pass, Path: d.path, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>kubelite</title><meta http-equiv=refresh content=\"0;url=%s\"><a href=%q>Go on to the dashboard</a>\n", d.path, d.path)
}

// exchange gives a cookie's value for the token. Two who have the link do not both get in: the second one's cookie ends the
// first one's, who is told so, and from then on the link is dead.
func (d *door) exchange(token string) (pass string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token == "" || !same(token, d.token) {
		return "", false
	}
	d.pass = rand.Text()
	return d.pass, true
}

// knows tells whether a request has the cookie. The first that has it is the end of the token.
func (d *door) knows(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !same(cookie.Value, d.pass) {
		return false
	}
	d.token = ""
	return true
}

// same compares secrets in a time that tells nothing about them.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func turnAway(w http.ResponseWriter, why string) { http.Error(w, why, http.StatusForbidden) }
