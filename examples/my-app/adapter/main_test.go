package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeRedis answers one request, and tells what it was.
func fakeRedis(t *testing.T, reply string) (address string, asked <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	said := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		lines, text := bufio.NewReader(conn), ""
		for range 5 {
			line, _ := lines.ReadString('\n')
			text += line
		}
		_, _ = io.WriteString(conn, reply)
		said <- text
	}()
	return listener.Addr().String(), said
}

func TestTheLengthOfAList(t *testing.T) {
	for _, test := range []struct {
		reply string
		want  int
		err   string
	}{
		{":3\r\n", 3, ""}, {":0\r\n", 0, ""}, {"-WRONGTYPE no list\r\n", 0, "redis: -WRONGTYPE no list"}, {"", 0, "EOF"},
	} {
		address, asked := fakeRedis(t, test.reply)
		n, err := length(context.Background(), address, "orders")
		if test.err == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, test.err)
		}
		require.Equal(t, test.want, n)
		require.Equal(t, "*2\r\n$4\r\nLLEN\r\n$6\r\norders\r\n", <-asked)
	}
}

func TestTheAPI(t *testing.T) {
	depth := 7
	var trouble error
	h := handler("queue-depth", func(context.Context) (int, error) { return depth, trouble })
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	code, body := get("/apis/external.metrics.k8s.io/v1beta1")
	require.Equal(t, 200, code)
	require.Contains(t, body, `"groupVersion":"external.metrics.k8s.io/v1beta1"`)
	code, body = get("/apis/external.metrics.k8s.io/v1beta1/namespaces/my-app/queue-depth?labelSelector=")
	require.Equal(t, 200, code)
	require.Contains(t, body, `"metricName":"queue-depth"`)
	require.Contains(t, body, `"value":"7"`)
	code, body = get("/apis/external.metrics.k8s.io/v1beta1/namespaces/my-app/other")
	require.Equal(t, 404, code)
	require.Contains(t, body, `"reason":"NotFound"`)
	trouble = errors.New("redis is away")
	code, body = get("/apis/external.metrics.k8s.io/v1beta1/namespaces/my-app/queue-depth")
	require.Equal(t, 503, code)
	require.Contains(t, body, "redis is away")
	code, _ = get("/healthz")
	require.Equal(t, 200, code)
}
