package apiserver

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2"
	lexer "github.com/tdewolff/parse/v2/html"

	"kubelite/api"
)

// passage is where a request is passed on to, and the answer comes back from. If the answer agrees to another protocol
// (WebSocket, SPDY) bytes go both ways from then on, as they are.
type passage struct {
	to      *url.URL
	through http.RoundTripper
	// prefix is the path on this server under which the other side's paths are. Empty: no links in answers are mended.
	prefix string
	// explain makes an error of an answer that refuses. Nil: it is passed on like any other.
	explain func(refusal *http.Response) error
}

// upgrades tells whether a request wants to go on in another protocol.
func upgrades(hr *http.Request) bool {
	for _, value := range hr.Header.Values("Connection") {
		if strings.Contains(strings.ToLower(value), "upgrade") {
			return true
		}
	}
	return false
}

// pass passes a request on.
func (s *Server) pass(w http.ResponseWriter, req *Request, p passage) (err error) {
	ctx, cancel := context.WithCancel(req.HTTP.Context())
	defer cancel()
	go func() { // a conversation would keep the server from stopping
		select {
		case <-s.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	w.Header().Del("Cache-Control") // the other side's counts
	proxy := &httputil.ReverseProxy{
		Transport: p.through, FlushInterval: -1, // what was written is meant to arrive
		Rewrite:        func(r *httputil.ProxyRequest) { p.prepare(r.Out, r.In) },
		ModifyResponse: p.mend,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, problem error) { err = p.failure(problem) },
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, req.HTTP.WithContext(ctx))
	return err
}

// credentials are what a request proves its sender with, to this server and to nobody else.
var credentials = []string{"Authorization", "X-Remote-User", "X-Remote-Uid", "X-Remote-Group"}

// prepare makes the request that the other side gets.
func (p *passage) prepare(out, in *http.Request) {
	out.URL, out.Host = p.to, in.Host
	for name := range out.Header {
		if strings.HasPrefix(name, "Impersonate-") || strings.HasPrefix(name, "X-Remote-Extra-") {
			out.Header.Del(name)
		}
	}
	for _, name := range credentials {
		out.Header.Del(name)
	}
	forwarded := in.Header.Values("X-Forwarded-For")
	if host, _, ok := strings.Cut(in.RemoteAddr, ":"); ok {
		forwarded = append(forwarded, host)
	}
	out.Header["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	if p.prefix != "" {
		out.Header.Set("X-Forwarded-Uri", p.outside(p.to.EscapedPath()))
	}
}

// failure is the answer when the other side gave none.
func (p *passage) failure(problem error) error {
	if _, ok := problem.(*api.StatusError); ok {
		return problem
	}
	if p.prefix != "" {
		return api.NewServiceUnavailable("error trying to reach service: %v", problem)
	}
	err := api.NewInternalError(problem)
	err.ErrStatus.Reason, err.ErrStatus.Details = "", nil
	err.ErrStatus.Message = fmt.Sprintf("error dialing backend: %v", problem)
	return err
}

// mend changes an answer on its way back: links that mean the other side's root have to mean its place on this server.
func (p *passage) mend(answer *http.Response) error {
	if answer.StatusCode >= http.StatusBadRequest && p.explain != nil {
		return p.explain(answer)
	}
	if p.prefix == "" || answer.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	for name := range answer.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			answer.Header.Del(name) // who may share what with other sites is for this server to say
		}
	}
	if location := answer.Header.Get("Location"); location != "" {
		at, err := url.Parse(location)
		if err != nil {
			return api.NewInternalError(fmt.Errorf("error trying to parse Location header: %w", err))
		}
		answer.Header.Set("Location", p.link(at, answer.Request.Host))
		return nil
	}
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || media != "text/html" {
		return nil
	}
	return p.mendPage(answer)
}

// link mends one link. Those that are relative, or that lead elsewhere, stay as they are.
func (p *passage) link(at *url.URL, askedHost string) string {
	if at.Host != "" && at.Host != p.to.Host && at.Host != askedHost || !strings.HasPrefix(at.Path, "/") {
		return at.String()
	}
	if at.Host != askedHost { // the other side's own name means nothing to the client
		at.Scheme, at.Host = "", ""
	}
	if !strings.HasPrefix(at.Path, p.prefix) {
		at.Path, at.RawPath = p.outside(at.Path), ""
	}
	return at.String()
}

// outside is what a path of the other side's is on this server.
func (p *passage) outside(inside string) string {
	outside := path.Join(p.prefix, inside)
	if strings.HasSuffix(inside, "/") && !strings.HasSuffix(outside, "/") {
		outside += "/"
	}
	return outside
}

// mendPage mends the links of a page.
func (p *passage) mendPage(answer *http.Response) error {
	page, packed := io.Reader(answer.Body), answer.Header.Get("Content-Encoding")
	switch packed {
	case "gzip":
		unpacked, err := gzip.NewReader(answer.Body)
		if err != nil {
			return err
		}
		page = unpacked
	case "":
	default:
		return nil // packed in a way that we do not know
	}
	source, err := io.ReadAll(page)
	if err != nil {
		return err
	}
	mended, err := mendLinks(source, func(at *url.URL) string { return p.link(at, answer.Request.Host) })
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	answer.Header.Del("Content-Encoding")
	answer.Header.Del("Content-Length")
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(mended)), int64(len(mended))
	return nil
}

// linkAttributes are where HTML has links.
var linkAttributes = map[string]string{
	"a": "href", "area": "href", "base": "href", "link": "href", "form": "action", "button": "formaction", "body": "background",
	"audio": "src", "embed": "src", "frame": "src longdesc", "iframe": "src longdesc", "img": "src longdesc usemap", "input": "src usemap",
	"script": "src", "source": "src", "video": "poster src", "applet": "codebase", "object": "classid codebase data usemap",
	"blockquote": "cite", "del": "cite", "ins": "cite", "q": "cite", "html": "manifest",
}

// mendLinks returns a page with every link changed, and nothing else.
func mendLinks(page []byte, change func(*url.URL) string) ([]byte, error) {
	var mended []byte
	var places []string                             // of links in the tag that we are in
	input := parse.NewInputBytes(bytes.Clone(page)) // the lexer makes names in it lower-case
	for tokens := lexer.NewLexer(input); ; {
		from := input.Offset()
		kind, _ := tokens.Next()
		text := page[from:input.Offset()]
		switch kind {
		case lexer.ErrorToken:
			if err := tokens.Err(); err != io.EOF {
				return nil, err
			}
			return append(mended, text...), nil
		case lexer.StartTagToken:
			places = strings.Fields(linkAttributes[string(tokens.Text())])
		case lexer.AttributeToken:
			if slices.Contains(places, string(tokens.Text())) {
				text = mendAttribute(text, len(tokens.AttrVal()), change)
			}
		case lexer.SVGToken, lexer.MathToken: // one token with tags in it, which show when it does not begin with its name
			inner, err := mendLinks(text[1:], change)
			if err != nil {
				return nil, err
			}
			text = append(text[:1:1], inner...)
		}
		mended = append(mended, text...)
	}
}

// mendAttribute changes the link that an attribute's source ends with, quoted or not.
func mendAttribute(text []byte, length int, change func(*url.URL) string) []byte {
	name, value := text[:len(text)-length], text[len(text)-length:]
	link := html.UnescapeString(strings.Trim(string(value), `"'`))
	at, err := url.Parse(link)
	if err != nil {
		return text
	}
	if changed := change(at); changed != link {
		return fmt.Appendf(nil, `%s"%s"`, name, html.EscapeString(changed))
	}
	return text
}
