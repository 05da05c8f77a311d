# Databricks notebook source
# MAGIC %md
# MAGIC # A notebook to try
# MAGIC It takes a parameter, asks the engine, and hands a value back.

# COMMAND ----------

dbutils.widgets.text("name", "world")
greeting = f"hello {dbutils.widgets.get('name')}"
print(greeting)

# COMMAND ----------

# MAGIC %sql
# MAGIC select 1 + 1 as two

# COMMAND ----------

dbutils.notebook.exit(greeting)
