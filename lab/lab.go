package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/cel"
	"kubelite/docs/labs"
)

// Lab is one folder of docs/labs, read and compiled. It never changes.
type Lab struct {
	Folder string // "03-rolling-update"
	Name   string // "rolling-update"

	Title   string `json:"title"`
	Teaches string `json:"teaches"`
	// Sort is "operate", where something is to be made, "repair", where something is broken, "predict", where the learner says
	// what comes next, or "write", where a program is to be written that takes the place of a component.
	Sort string `json:"sort"`
	// Needs is what the cluster must have for it.
	Needs Needs `json:"needs,omitzero"`
	// Watch are the resources that checks look at: "pods", "deployments.apps", and with a version those that may be yet to
	// be defined: "pizzas.example.com/v1"; "leases.coordination.k8s.io in kube-node-lease" where they are in another namespace.
	// Expressions know them by their plural.
	Watch []string `json:"watch"`
	// Outside are objects without a namespace, or other namespaces, that the learner is asked to make:
	// "priorityclasses.scheduling.k8s.io/urgent". They go with the lab, as those do that its set-up makes.
	Outside []string `json:"outside,omitempty"`
	// Program is the program that the learner writes, and Steps is what happens to the cluster while it runs; see trial.go.
	Program *Program `json:"program,omitempty"`
	Steps   []Step   `json:"steps,omitempty"`
	// Settled is the expression that holds when the set-up has come to rest. The history that checks see begins there.
	// Empty: as soon as the objects of the set-up are stored.
	Settled string `json:"settled,omitempty"`
	// Broken is Settled for a lab whose set-up has a fault, which strikes when Settled holds.
	Broken string  `json:"broken,omitempty"`
	Checks []Check `json:"checks"`
	// Hints are ordered: the first that fits is given.
	Hints []Hint `json:"hints"`
	// UnsolvedFails is what the step does that leads to nothing without a program. Empty: the first.
	UnsolvedFails string `json:"unsolvedFails,omitempty"`
	// MistakeFails is the message of the check that sees through mistake.sh. The tests prove that it does.
	MistakeFails string `json:"mistakeFails,omitempty"`
	// MistakeWhen is the circumstance under which that shows, of a program that passes as long as all goes well. Empty: it shows
	// at once.
	MistakeWhen string `json:"mistakeWhen,omitempty"`

	Story, Solution, Mistake, Debrief string `json:"-"`
	// SolutionFiles are programs that solve it, from the folder "solution".
	SolutionFiles []File `json:"-"`

	setup, fault    []*api.Unstructured
	outside         []string // paths
	kinds           []watched
	settled, broken *cel.Program
}

// Needs is what a lab cannot do without. See Session.fits.
type Needs struct {
	// Docker says that it is about what simulated pods do not have: packets.
	Docker bool `json:"docker,omitempty"`
	// Nodes that are ready and take pods.
	Nodes int `json:"nodes,omitempty"`
	// CPUs that each of them has, exactly: the simulated ones have 32 if nobody says otherwise.
	CPUs int64 `json:"cpus,omitempty"`
}

func (n Needs) String() string {
	var needs []string
	if n.Docker {
		needs = append(needs, "Docker")
	}
	if n.Nodes > 0 {
		needs = append(needs, fmt.Sprintf("%d nodes", n.Nodes))
	}
	if n.CPUs > 0 {
		needs = append(needs, fmt.Sprintf("nodes of %d processors", n.CPUs))
	}
	return strings.Join(needs, ", ")
}

// Check is one thing that must hold.
type Check struct {
	// Message says what must hold.
	Message string `json:"message"`
	// Expression is about the end, and about all that led there. Always is about each moment: it must hold at every one. It knows
	// the objects at that moment, those at the one before, and who made the difference.
	Expression string `json:"expression,omitempty"`
	Always     string `json:"always,omitempty"`
	// FoundExpression makes the text that says what is there instead.
	FoundExpression string `json:"foundExpression,omitempty"`
	// Hint is given, before all others, to somebody who has broken it.
	Hint string `json:"hint,omitempty"`
	// Holds marks what must hold from the beginning, and still in the end.
	Holds bool `json:"holds,omitempty"`

	expression, always, found *cel.Program
}

// looksBack tells whether the check is about what has happened, which stays so.
func (c *Check) looksBack() bool { return c.Always != "" || strings.Contains(c.Expression, "history") }

// File is one of a lab's, by its path in the lab's folder.
type File struct{ Name, Content string }

// watched is a kind, and the namespace to look in: "" is the lab's own.
type watched struct {
	*api.Kind
	namespace string
}

// path is where its objects are, for a lab that takes place in a namespace.
func (w watched) path(namespace string) string { return w.Path(cmp.Or(w.namespace, namespace), "") }

// Hint is given while its expression holds, to a learner who has not solved the lab.
type Hint struct {
	When string `json:"when"`
	Text string `json:"text"`

	when *cel.Program
}

// Namespace is where the lab takes place.
func (l *Lab) Namespace() string { return "lab-" + l.Name }

// All are the labs, in the order of their numbers.
func All() ([]*Lab, error) {
	folders, err := fs.ReadDir(labs.Files, ".")
	if err != nil {
		return nil, err
	}
	var all []*Lab
	for _, folder := range folders {
		l, err := read(folder.Name())
		if err != nil {
			return nil, fmt.Errorf("lab %s: %w", folder.Name(), err)
		}
		all = append(all, l)
	}
	return all, nil
}

// Named finds a lab by its folder, its name or its number.
func Named(all []*Lab, name string) (*Lab, error) {
	i := slices.IndexFunc(all, func(l *Lab) bool {
		number, _, _ := strings.Cut(l.Folder, "-")
		return name == l.Folder || name == l.Name || name == number || name == strings.TrimLeft(number, "0")
	})
	if i < 0 {
		return nil, fmt.Errorf("no lab %q; kubelite lab list shows all", name)
	}
	return all[i], nil
}

// read reads a lab's folder and compiles its expressions.
func read(folder string) (*Lab, error) {
	l := &Lab{Folder: folder}
	_, l.Name, _ = strings.Cut(folder, "-")
	texts := map[string]string{}
	for file, needed := range map[string]bool{"README.md": true, "lab.yaml": true, "setup.yaml": false, "fault.yaml": false, "solution.sh": true, "mistake.sh": false, "debrief.md": true} {
		text, err := fs.ReadFile(labs.Files, folder+"/"+file)
		if err != nil && (needed || !errors.Is(err, fs.ErrNotExist)) {
			return nil, err
		}
		texts[file] = string(text)
	}
	l.Story, l.Solution, l.Mistake, l.Debrief = texts["README.md"], texts["solution.sh"], texts["mistake.sh"], texts["debrief.md"]
	programs, err := fs.Glob(labs.Files, folder+"/solution/*")
	if err != nil {
		return nil, err
	}
	for _, path := range programs {
		content, err := fs.ReadFile(labs.Files, path)
		if err != nil {
			return nil, err
		}
		l.SolutionFiles = append(l.SolutionFiles, File{strings.TrimPrefix(path, folder+"/"), string(content)})
	}
	content, err := api.YAMLToJSON([]byte(texts["lab.yaml"]))
	if err != nil {
		return nil, err
	}
	if strict, err := api.UnmarshalJSONStrict(content, l); err != nil || len(strict) > 0 {
		return nil, fmt.Errorf("lab.yaml: %v %w", strict, err)
	}
	if l.Program != nil {
		if err := l.Program.complete(l); err != nil {
			return nil, err
		}
	}
	if l.setup, err = l.objects(texts["setup.yaml"]); err != nil {
		return nil, fmt.Errorf("setup.yaml: %w", err)
	}
	if l.fault, err = l.objects(texts["fault.yaml"]); err != nil {
		return nil, fmt.Errorf("fault.yaml: %w", err)
	}
	return l, l.compile()
}

// objects are those of a manifest, in the lab's namespace unless they name another.
func (l *Lab) objects(manifest string) (objects []*api.Unstructured, err error) {
	for _, document := range api.SplitYAML([]byte(manifest)) {
		content, err := api.YAMLToJSON(document)
		if err != nil {
			return nil, err
		}
		object := &api.Unstructured{}
		if err := api.UnmarshalJSON(content, object); err != nil {
			return nil, err
		}
		kind := kindOf(object)
		if kind == nil {
			return nil, fmt.Errorf("no kind %s in %s", object.Kind, object.APIVersion)
		}
		if kind.Namespaced && object.Namespace == "" {
			object.Namespace = l.Namespace()
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// kindOf is the kind of an object of a manifest, nil if there is none. One of a group that the API does not have is custom; its
// plural is as one would think.
func kindOf(object *api.Unstructured) *api.Kind {
	gv := api.ParseGroupVersion(object.APIVersion)
	if !slices.ContainsFunc(api.Kinds, func(k *api.Kind) bool { return k.Group == gv.Group }) {
		return api.NewCustomKind(api.Kind{GroupVersion: gv, Kind: object.Kind, Plural: strings.ToLower(object.Kind) + "s", Namespaced: true})
	}
	return api.KindByName(api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: object.Kind})
}

// kindNamed is the kind of a resource; of one with a version we know no more than that.
func kindNamed(resource string) (*api.Kind, error) {
	if name, version, custom := strings.Cut(resource, "/"); custom {
		plural, group, _ := strings.Cut(name, ".")
		return api.NewCustomKind(api.Kind{GroupVersion: api.GroupVersion{Group: group, Version: version}, Plural: plural, Namespaced: true}), nil
	}
	i := slices.IndexFunc(api.Kinds, func(k *api.Kind) bool { return k.Resource() == resource })
	if i < 0 {
		return nil, fmt.Errorf("there are no %s", resource)
	}
	return api.Kinds[i], nil
}

// costLimit is a second or two: a long history has many moments, and some checks compare each with each.
const costLimit = 1_000_000_000

// compile finds the kinds that are watched and makes programs of all expressions, whose variables are called as the kinds.
func (l *Lab) compile() error {
	variables := []cel.Variable{{Name: "history", Type: cel.Dynamic}, {Name: "ns", Type: cel.AnyString}, {Name: "authorizer", Type: cel.Authorizes}}
	for _, resource := range l.Watch {
		resource, namespace, _ := strings.Cut(resource, " in ")
		kind, err := kindNamed(resource)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		l.kinds = append(l.kinds, watched{kind, namespace})
		variables = append(variables, cel.Variable{Name: kind.Plural, Type: cel.Dynamic})
	}
	for _, named := range l.Outside {
		resource, name, _ := strings.Cut(named, "/")
		kind, err := kindNamed(resource)
		if err != nil {
			return fmt.Errorf("outside: %w", err)
		}
		l.outside = append(l.outside, kind.Path("", name))
	}
	env, err := cel.Base().WithLimit(costLimit).With(variables...)
	if err != nil {
		return err
	}
	// What must always hold is said of one moment, which knows the one before it.
	moment, err := env.With(cel.Variable{Name: "before", Type: cel.Dynamic}, cel.Variable{Name: "by", Type: cel.AnyString})
	if err != nil {
		return err
	}
	compileIn := func(env *cel.Env, expression string, into **cel.Program) {
		if err == nil && expression != "" {
			if *into, err = env.Compile(expression); err != nil {
				err = fmt.Errorf("%s: %w", expression, err)
			}
		}
	}
	compile := func(expression string, into **cel.Program) { compileIn(env, expression, into) }
	compile(l.Settled, &l.settled)
	compile(l.Broken, &l.broken)
	for i := range l.Checks {
		check := &l.Checks[i]
		compile(check.Expression, &check.expression)
		if compileIn(moment, check.Always, &check.always); check.always != nil {
			compileIn(moment, check.FoundExpression, &check.found)
		} else {
			compile(check.FoundExpression, &check.found)
		}
	}
	for i := range l.Hints {
		compile(l.Hints[i].When, &l.Hints[i].when)
	}
	for i := range l.Steps {
		l.Steps[i].compile(compile)
	}
	return err
}
