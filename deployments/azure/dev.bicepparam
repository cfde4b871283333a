using 'main.bicep'

param environment = 'dev'
param trains = true
param registryId = readEnvironmentVariable('INFRA_REGISTRY_ID')
param addresses = {
  network: '10.80.0.0/22'
  endpoints: '10.80.0.0/24'
  flows: '10.80.1.0/24'
  apps: '10.80.2.0/24'
}
param emails = split(readEnvironmentVariable('INFRA_EMAILS'), ',')
param monthlyBudget = 200
param budgetStart = readEnvironmentVariable('INFRA_BUDGET_START')
param tags = {
  application: 'perennial'
  'cost-center': readEnvironmentVariable('INFRA_COST_CENTER')
  owner: readEnvironmentVariable('INFRA_OWNER')
}
