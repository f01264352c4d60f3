from airflow.operators.bash import BashOperator
BashOperator(task_id="x", bash_command="dbt run --project-dir /srv/dbt")
