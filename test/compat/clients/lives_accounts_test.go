package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"time"
)

// accountLife is that of service accounts, their tokens in Secrets, the certificate that every namespace has, and ClusterRoles that are
// put together from others.
func (d *lot) accountLife() life {
	account := func() string { return d.one("default", "a", "b") }
	token := func() act {
		a := manifest("secrets", d.one("t1", "t2", "t3"), nil)
		a.body["type"] = d.one("kubernetes.io/service-account-token", "kubernetes.io/service-account-token", "Opaque")
		a.body["metadata"].(fields)["annotations"] = fields{"kubernetes.io/service-account.name": d.one("default", "a", "b", "nobody")}
		if d.chance(20) {
			a.body["data"] = fields{d.one("token", "namespace", "other"): "eA=="}
		}
		return a
	}
	rules := func() []any {
		rules := []any{}
		for range d.IntN(3) {
			rules = append(rules, fields{"apiGroups": []any{""}, "resources": []any{d.one("pods", "services")}, "verbs": []any{d.one("get", "list")}})
		}
		return rules
	}
	labels := func() fields { return fields{"home": "$NS", "into": d.one("$NS", "else", "$NS-r3")} }
	role := func() act {
		name := d.one("$NS-r1", "$NS-r2", "$NS-r3", "$NS-r4")
		a := manifest("clusterroles", name, nil)
		a.body["metadata"].(fields)["labels"] = labels()
		a.body["rules"] = rules()
		switch name {
		case "$NS-r3":
			a.body["aggregationRule"] = fields{"clusterRoleSelectors": []any{fields{"matchLabels": fields{"into": "$NS"}}}}
		case "$NS-r4":
			a.body["aggregationRule"] = fields{"clusterRoleSelectors": []any{fields{"matchLabels": fields{"into": "$NS"}}, fields{"matchLabels": fields{"into": "$NS-r3"}}}}
		}
		return a
	}
	var steps []act
	for range 12 {
		var a act
		switch n := d.IntN(22); {
		case n < 3:
			a = manifest("serviceaccounts", account(), nil)
		case n < 5:
			a = act{verb: "delete", resource: "serviceaccounts", name: account()}
		case n < 9:
			a = token()
		case n < 10:
			a = act{verb: "delete", resource: "secrets", name: d.one("t1", "t2", "t3")}
		case n < 11:
			a = act{verb: "patch", resource: "secrets", name: d.one("t1", "t2", "t3"), body: fields{"data": d.either(fields{"token": nil}, fields{"ca.crt": nil}, fields{"namespace": "eA=="}, fields{"token": "eA=="})}}
		case n < 12:
			a = act{verb: "patch", resource: "secrets", name: d.one("t1", "t2", "t3"), body: fields{"metadata": fields{"annotations": d.either(
				fields{"kubernetes.io/service-account.name": d.one("default", "a", "nobody")}, fields{"kubernetes.io/service-account.uid": "x"}, fields{"kubernetes.io/service-account.uid": nil})}}}
		case n < 13:
			a = act{verb: "delete", resource: "configmaps", name: "kube-root-ca.crt"}
		case n < 14:
			a = act{verb: "patch", resource: "configmaps", name: "kube-root-ca.crt", body: d.either(fields{"data": fields{"ca.crt": "x"}}, fields{"data": fields{"more": "x"}}, fields{"metadata": fields{"annotations": nil}})}
		case n < 17:
			a = role()
		case n < 18:
			a = act{verb: "delete", resource: "clusterroles", name: d.one("$NS-r1", "$NS-r2", "$NS-r3", "$NS-r4")}
		case n < 20:
			a = act{verb: "patch", resource: "clusterroles", name: d.one("$NS-r1", "$NS-r2", "$NS-r3", "$NS-r4"), body: fields{"rules": rules()}}
		default:
			a = act{verb: "patch", resource: "clusterroles", name: d.one("$NS-r1", "$NS-r2", "$NS-r3"), body: fields{"metadata": fields{"labels": labels()}}}
		}
		steps = append(steps, a)
	}
	return life{steps: steps, rest: 2 * time.Second}
}

// certificateLife is that of requests for certificates, which somebody approves or denies.
func (d *lot) certificateLife() life {
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader) // nobody looks at it
	if err != nil {
		panic(err)
	}
	name := func() string { return d.one("$NS-1", "$NS-2", "$NS-3") }
	create := func() act {
		subject := pkix.Name{CommonName: d.one("system:node:node-1", "system:node:node-1", "ann")}
		if d.chance(70) {
			subject.Organization = []string{d.one("system:nodes", "system:nodes", "others")}
		}
		request := x509.CertificateRequest{Subject: subject}
		if d.chance(40) {
			request.DNSNames = []string{"node-1"}
		}
		if d.chance(20) {
			request.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		}
		if d.chance(10) {
			request.EmailAddresses = []string{"ann@example.com"}
		}
		der, err := x509.CreateCertificateRequest(cryptorand.Reader, &request, key)
		if err != nil {
			panic(err)
		}
		usages := [][]any{{"client auth"}, {"digital signature", "client auth"}, {"key encipherment", "digital signature", "client auth"}, {"digital signature", "server auth"}, {"server auth"}, {"any"}}
		spec := fields{
			"request":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
			"signerName": d.one("kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving", "example.com/own"),
			"usages":     usages[d.IntN(len(usages))],
		}
		d.maybe(spec, 20, "expirationSeconds", 600, 3600)
		a := manifest("certificatesigningrequests", name(), spec)
		a.body["metadata"].(fields)["labels"] = fields{"home": "$NS"}
		return a
	}
	steps := []act{create(), create()}
	for range 10 {
		switch n := d.IntN(10); {
		case n < 4:
			steps = append(steps, create())
		case n < 9:
			condition := fields{"type": d.one("Approved", "Approved", "Approved", "Denied"), "status": "True", "reason": "Asked", "message": "by hand"}
			steps = append(steps, act{verb: "decide", resource: "certificatesigningrequests", name: name(), body: fields{"status": fields{"conditions": []any{condition}}}})
		default:
			steps = append(steps, act{verb: "delete", resource: "certificatesigningrequests", name: name()})
		}
	}
	return life{steps: steps, rest: 2 * time.Second}
}
