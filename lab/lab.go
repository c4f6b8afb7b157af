package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/cel"
	"kubelite/docs/labs"
)

// Lab is one folder of docs/labs, read and compiled. It never changes.
type Lab struct {
	Folder string // "03-rolling-update"
	Name   string // "rolling-update"

	Title   string `json:"title"`
	Teaches string `json:"teaches"`
	// Sort is "operate", where something is to be made, "repair", where something is broken, or "write", where a program is to be
	// written that takes the place of a component.
	Sort string `json:"sort"`
	// Watch are the resources that checks look at: "pods", "deployments.apps", "kube-node-lease/leases.coordination.k8s.io" where they
	// are in another namespace, "shops.v1.example.com" where the kind is none of the API's own. Expressions know them by their plural.
	Watch []string `json:"watch"`
	// Program is the program that the learner writes, and Steps is what happens to the cluster while it runs; see trial.go.
	Program *Program `json:"program,omitempty"`
	Steps   []Step   `json:"steps,omitempty"`
	// Needs is what must hold of the cluster for the lab to make sense there.
	Needs *Check `json:"needs,omitempty"`
	// Settled is the expression that holds when the set-up has come to rest. The history that checks see begins there.
	// Empty: as soon as the objects of the set-up are stored.
	Settled string `json:"settled,omitempty"`
	// Broken is Settled for a lab whose set-up has a fault, which strikes when Settled holds.
	Broken string  `json:"broken,omitempty"`
	Checks []Check `json:"checks"`
	// Hints are ordered: the first that fits is given.
	Hints []Hint `json:"hints"`
	// MistakeFails is the message of the check that sees through mistake.sh. The tests prove that it does.
	MistakeFails string `json:"mistakeFails,omitempty"`
	// MistakeWhen is the circumstance under which that shows, of a program that passes as long as all goes well. Empty: it shows
	// at once.
	MistakeWhen string `json:"mistakeWhen,omitempty"`

	Story, Solution, Mistake, Debrief string `json:"-"`
	// SolutionFiles are programs that solve it, from the folder "solution".
	SolutionFiles []File `json:"-"`

	setup, fault    []*api.Unstructured
	kinds           []watched
	settled, broken *cel.Program
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

// objects are those of a manifest, in the lab's namespace.
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
		if kindOf(object).Namespaced {
			object.Namespace = l.Namespace()
		} else { // it does not go with the namespace: the label says whose it is
			object.Labels = map[string]string{labelLab: l.Folder}
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// compile finds the kinds that are watched and makes programs of all expressions, whose variables are called as the kinds.
func (l *Lab) compile() error {
	variables := []cel.Variable{{Name: "history", Type: cel.Dynamic}, {Name: "ns", Type: cel.AnyString}, {Name: "authorizer", Type: cel.Authorizes}}
	for _, resource := range l.Watch {
		kind, err := watchedKind(resource)
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		l.kinds = append(l.kinds, kind)
		variables = append(variables, cel.Variable{Name: kind.Plural, Type: cel.Dynamic})
	}
	env, err := cel.Base().With(variables...)
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
	if l.Needs != nil {
		compile(l.Needs.Expression, &l.Needs.expression)
	}
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

// watchedKind is the kind that `watch` names: "pods", "deployments.apps", or "shops.v1.example.com".
func watchedKind(resource string) (watched, error) {
	namespace, resource, elsewhere := strings.Cut(resource, "/")
	if !elsewhere {
		namespace, resource = "", namespace
	}
	if i := slices.IndexFunc(api.Kinds, func(k *api.Kind) bool { return k.Resource() == resource }); i >= 0 {
		return watched{api.Kinds[i], namespace}, nil
	}
	parts := strings.SplitN(resource, ".", 3)
	if len(parts) < 3 {
		return watched{}, fmt.Errorf("there are no %s", resource)
	}
	return watched{api.NewCustomKind(api.Kind{GroupVersion: api.GroupVersion{Group: parts[2], Version: parts[1]}, Plural: parts[0], Namespaced: true}), namespace}, nil
}

// kindOf is the kind of an object of a manifest. One that is none of the API's own is custom, and in a namespace.
func kindOf(object *api.Unstructured) *api.Kind {
	gv := api.ParseGroupVersion(object.APIVersion)
	if kind := api.KindByName(api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: object.Kind}); kind != nil {
		return kind
	}
	return api.NewCustomKind(api.Kind{GroupVersion: gv, Kind: object.Kind, Plural: strings.ToLower(object.Kind) + "s", Namespaced: true})
}
