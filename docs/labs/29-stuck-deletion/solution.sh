kubectl-lite apply -n lab-stuck-deletion -f - <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: recipes-copy}
data:
  bread: flour, water, salt, and time
  cake: flour, eggs, sugar, and patience
END
kubectl-lite patch configmap recipes -n lab-stuck-deletion --type=merge -p '{"metadata":{"finalizers":null}}'
