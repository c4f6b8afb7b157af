package rbac

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"kubelite/api"
)

// Policy is all roles and bindings of a cluster, in the order in which decisions look for them. Its methods may be
// called at the same time.
type Policy struct {
	mu sync.RWMutex
	// roles and cluster roles (those without a namespace). Guarded by mu; the rules never change.
	roles map[api.Key][]api.PolicyRule
	// bindings by namespace ("" holds the cluster role bindings) and by whom they are for, sorted by name. Guarded by mu.
	bindings map[string]map[subject][]*binding
	// byKey finds what to take away when a binding changes. Guarded by mu.
	byKey map[api.Key]*binding
}

// subject is a user or a group. A service account is the user of its name.
type subject struct {
	group bool
	name  string
}

// binding gives a role to subjects.
type binding struct {
	key      api.Key
	role     api.RoleRef
	subjects []api.Subject
}

// NewPolicy makes an empty one, which allows nothing.
func NewPolicy() *Policy {
	return &Policy{roles: map[api.Key][]api.PolicyRule{}, bindings: map[string]map[subject][]*binding{}, byKey: map[api.Key]*binding{}}
}

// Put takes in a role or binding, new or changed. The object must not be changed afterwards.
func (p *Policy) Put(obj api.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch o := obj.(type) {
	case *api.Role:
		p.roles[o.Key()] = o.Rules
	case *api.ClusterRole:
		p.roles[o.Key()] = o.Rules
	case *api.RoleBinding:
		p.putBinding(&binding{o.Key(), o.RoleRef, o.Subjects})
	case *api.ClusterRoleBinding:
		p.putBinding(&binding{o.Key(), o.RoleRef, o.Subjects})
	}
}

// Remove forgets a role or binding.
func (p *Policy) Remove(obj api.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch o := obj.(type) {
	case *api.Role:
		delete(p.roles, o.Key())
	case *api.ClusterRole:
		delete(p.roles, o.Key())
	case *api.RoleBinding, *api.ClusterRoleBinding:
		p.removeBinding(o.GetObjectMeta().Key())
	}
}

// putBinding files a binding under each of its subjects. The caller holds mu.
func (p *Policy) putBinding(b *binding) {
	p.removeBinding(b.key)
	p.byKey[b.key] = b
	bySubject := p.bindings[b.key.Namespace]
	if bySubject == nil {
		bySubject = map[subject][]*binding{}
		p.bindings[b.key.Namespace] = bySubject
	}
	for s := range b.who() {
		list := bySubject[s]
		i, _ := slices.BinarySearchFunc(list, b.key.Name, func(x *binding, name string) int { return cmp.Compare(x.key.Name, name) })
		bySubject[s] = slices.Insert(list, i, b)
	}
}

func (p *Policy) removeBinding(key api.Key) {
	b := p.byKey[key]
	if b == nil {
		return
	}
	delete(p.byKey, key)
	bySubject := p.bindings[key.Namespace]
	for s := range b.who() {
		list := slices.DeleteFunc(slices.Clone(bySubject[s]), func(x *binding) bool { return x == b })
		if len(list) == 0 {
			delete(bySubject, s)
		} else {
			bySubject[s] = list
		}
	}
	if len(bySubject) == 0 {
		delete(p.bindings, key.Namespace)
	}
}

// who is whom a binding is for, each once. A service account without a namespace is of the binding's own.
func (b *binding) who() map[subject]bool {
	set := map[subject]bool{}
	for i := range b.subjects {
		if s, ok := b.subject(&b.subjects[i]); ok {
			set[s] = true
		}
	}
	return set
}

func (b *binding) subject(s *api.Subject) (subject, bool) {
	switch s.Kind {
	case api.SubjectUser:
		return subject{name: s.Name}, true
	case api.SubjectGroup:
		return subject{group: true, name: s.Name}, true
	case api.SubjectServiceAccount:
		namespace := cmp.Or(s.Namespace, b.key.Namespace)
		return subject{name: api.ServiceAccountUser(namespace, s.Name)}, namespace != ""
	}
	return subject{}, false
}

// Decision is the answer to whether something is allowed.
type Decision struct {
	Allowed bool
	by      *binding
	user    string
	groups  []string
	missing roleErrors
}

// Decide looks for a rule that allows what is asked. It costs nothing to say why until somebody wants to know.
func (p *Policy) Decide(a *Attributes) (d Decision) {
	d.user, d.groups = a.User, a.Groups
	p.visit(a.User, a.Groups, a.Namespace, &d.missing, func(b *binding, rules []api.PolicyRule) bool {
		for i := range rules {
			if RuleAllows(&rules[i], a) {
				d.Allowed, d.by = true, b
				return false
			}
		}
		return true
	})
	return d
}

// Reason says which binding allows it, or what is wrong with bindings that could have.
func (d *Decision) Reason() string {
	switch {
	case d.Allowed:
		return "RBAC: allowed by " + d.by.describe(d.user, d.groups)
	case len(d.missing) > 0:
		return "RBAC: " + d.missing.Error()
	}
	return ""
}

// RulesFor returns all rules that a user has in a namespace, those of the whole cluster included. The rules hold even
// if there is an error: it names roles that are bound and do not exist.
func (p *Policy) RulesFor(user string, groups []string, namespace string) (rules []api.PolicyRule, err error) {
	var missing roleErrors
	p.visit(user, groups, namespace, &missing, func(_ *binding, more []api.PolicyRule) bool {
		rules = append(rules, more...)
		return true
	})
	if len(missing) > 0 {
		err = missing
	}
	return rules, err
}

// RulesOf returns the rules of a role that a binding in the namespace names.
func (p *Policy) RulesOf(role *api.RoleRef, namespace string) ([]api.PolicyRule, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.rulesOf(role, namespace)
}

func (p *Policy) rulesOf(role *api.RoleRef, namespace string) ([]api.PolicyRule, error) {
	key := api.Key{Name: role.Name}
	switch role.Kind {
	case "Role":
		key.Namespace = namespace
	case "ClusterRole":
	default:
		return nil, fmt.Errorf("unsupported role reference kind: %q", role.Kind)
	}
	rules, ok := p.roles[key]
	if !ok {
		// Upstream says the singular here.
		kind := &api.Kind{GroupVersion: api.GroupVersion{Group: api.RBACGroup}, Plural: strings.ToLower(role.Kind)}
		return nil, api.NewNotFound(kind, role.Name)
	}
	return rules, nil
}

// visit calls see with the rules of each binding that applies, until it returns false: first those of the whole
// cluster, then those of the namespace.
func (p *Policy) visit(user string, groups []string, namespace string, missing *roleErrors, see func(b *binding, rules []api.PolicyRule) bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	seen := make([]*binding, 0, 16) // a binding may apply by several of its subjects
	visitAll := func(bindings []*binding) bool {
		for _, b := range bindings {
			if slices.Contains(seen, b) {
				continue
			}
			seen = append(seen, b)
			rules, err := p.rulesOf(&b.role, b.key.Namespace)
			if err != nil {
				*missing = append(*missing, err)
				continue
			}
			if !see(b, rules) {
				return false
			}
		}
		return true
	}
	for _, scope := range [...]string{"", namespace} {
		bySubject := p.bindings[scope]
		if !visitAll(bySubject[subject{name: user}]) {
			return
		}
		for _, group := range groups {
			if !visitAll(bySubject[subject{group: true, name: group}]) {
				return
			}
		}
		if namespace == "" {
			return
		}
	}
}

// describe says which binding it is, and by which subject it applies.
func (b *binding) describe(user string, groups []string) string {
	kind, name, to := "ClusterRoleBinding", b.key.Name, ""
	if b.key.Namespace != "" {
		kind, name = "RoleBinding", b.key.Name+"/"+b.key.Namespace
	}
	for i := range b.subjects {
		s := &b.subjects[i]
		who, ok := b.subject(s)
		if !ok || who.group && !slices.Contains(groups, who.name) || !who.group && who.name != user {
			continue
		}
		named := s.Name
		if s.Kind == api.SubjectServiceAccount {
			named += "/" + cmp.Or(s.Namespace, b.key.Namespace)
		}
		to = fmt.Sprintf("%s %q", s.Kind, named)
		break
	}
	return fmt.Sprintf("%s %q of %s %q to %s", kind, name, b.role.Kind, b.role.Name, to)
}

// roleErrors are the roles that are bound and do not exist.
type roleErrors []error

// Error joins them.
func (l roleErrors) Error() string { return api.Aggregate(l) }
